import type { IncomingMessage, ServerResponse } from 'node:http';
import { inventoryPath } from '../../contract/inventory.ts';
import { supportPath } from '../../contract/support.ts';
import { svidPath } from '../../contract/svid.ts';
import type { Counters } from '../metrics/counters.ts';
import { documents } from './documents.ts';

const own = [supportPath, inventoryPath, svidPath];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Counts a request when its answer has ended. Addresses and methods that a client makes up are one label together. */
export function countRequest(incoming: IncomingMessage, outgoing: ServerResponse, counters: Counters): void {
  const began = performance.now();
  outgoing.once('close', () => {
    const { method = '' } = incoming;
    const labels = {
      route: routeOf(incoming.url ?? '/'),
      method: METHODS.includes(method) ? method : 'other',
      code: String(outgoing.statusCode),
    };
    counters.add('requests', labels, (performance.now() - began) / 1000);
  });
}

/** One of a bounded set of names. */
export function routeOf(url: string): string {
  const [path = '/'] = url.split('?', 1);
  if (Object.hasOwn(documents, path) || own.includes(path)) return path;
  if (path === '/' || path.startsWith('/console/')) return '/console/';
  const area = ['/git/', '/v2/'].find((prefix) => `${path}/`.startsWith(prefix));
  return area ?? 'other';
}
