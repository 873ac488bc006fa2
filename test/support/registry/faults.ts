import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Between the last bytes that get through and the cut. */
const ARRIVAL_MS = 100;

/** What a fault does with a request: true when it answered, false to let the registry answer. */
export type Fault = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

export interface FaultProxy {
  base: URL;
  /** Every request that came, as `METHOD path range`. */
  requests: string[];
  /** Bytes of blobs that went through. */
  bytes: number;
  /** Cuts the connection when so many bytes of an answer are through, the next times. */
  cutAfter: number[];
  /** Waits so many milliseconds after each piece of a blob. */
  slowMs: number;
  faults: Fault[];
  stop(): Promise<void>;
}

/** Stands before a registry and does what networks and busy registries do. */
export async function startFaults(target: URL): Promise<FaultProxy> {
  const server = createServer((incoming, outgoing) => {
    state.requests.push(`${incoming.method} ${incoming.url} ${incoming.headers.range ?? ''}`.trim());
    if (state.faults.some((fault) => fault(incoming, outgoing))) return;
    const url = new URL(incoming.url ?? '/', target);
    const onward = request(
      url,
      { method: incoming.method ?? 'GET', headers: { ...incoming.headers, host: url.host } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        pipeline(answer, passing(state, outgoing), outgoing).catch(() => outgoing.destroy());
      },
    );
    onward.on('error', () => outgoing.destroy());
    onward.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: FaultProxy = {
    base: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    requests: [],
    bytes: 0,
    cutAfter: [],
    slowMs: 0,
    faults: [],
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return state;
}

/** Passes an answer on, up to where the proxy is to cut it. */
function passing(state: FaultProxy, outgoing: ServerResponse) {
  let left = state.cutAfter.shift() ?? Number.POSITIVE_INFINITY;
  return async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      state.bytes += part.length;
      if (part.length < chunk.length) {
        await new Promise((done) => outgoing.write(part, done));
        // A client drops what it has not written yet when the connection breaks: it gets the time to.
        await sleep(ARRIVAL_MS);
        throw new Error('cut');
      }
      yield part;
      if (state.slowMs > 0) await sleep(state.slowMs);
    }
  };
}
