import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { resolveImage } from '../../../builder/registry/manifests.ts';
import { Registry } from '../../../builder/registry/registry.ts';
import { listTags } from '../../../builder/registry/tags.ts';
import { refusal } from '../../support/refusal.ts';
import {
  type Answering,
  drip,
  endless,
  hostileRegistries,
  startHostile,
} from '../../support/registry/hostile.ts';

const { signal } = new AbortController();
const SUBJECT = 'ghcr.io/team/app';
const registryAt = hostileRegistries();
const reference = { host: 'ghcr.io', repository: 'team/app', tag: '1.0' };

describe('a server that is no registry, or does not behave', () => {
  const html = (outgoing: ServerResponse, status: number) =>
    outgoing.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end('<title>Log in</title>');

  test.each<[string, string, string, Answering]>([
    ['a page to log in to the network', 'E3050', 'a web page', (_, outgoing) => html(outgoing, 200)],
    ['a status that says so', 'E3050', 'a web page', (_, outgoing) => html(outgoing, 511)],
    [
      'redirects to itself',
      'E3051',
      'more than 5 times',
      ({ url }, outgoing) => outgoing.writeHead(307, { location: url }).end(),
    ],
    [
      'ever new redirects',
      'E3051',
      'more than 5 times',
      ({ url }, outgoing) => outgoing.writeHead(302, { location: `${url}x` }).end(),
    ],
    [
      'a redirect out of TLS',
      'E3052',
      'http://192.0.2.1',
      (_, outgoing) => outgoing.writeHead(307, { location: 'http://192.0.2.1/x' }).end(),
    ],
    [
      'a redirect into files',
      'E3052',
      'file://',
      (_, outgoing) => outgoing.writeHead(307, { location: 'file:///etc/passwd' }).end(),
    ],
    ['a redirect to nowhere', 'E3017', 'leads nowhere', (_, outgoing) => outgoing.writeHead(307).end()],
    ['a manifest without end', 'E3061', '4194304', (_, outgoing) => endless(outgoing)],
    ['a manifest of 100 MB', 'E3061', '4194304', (_, outgoing) => outgoing.end(Buffer.alloc(100e6, ' '))],
    ['silence', 'E3011', 'does not answer', () => {}],
    ['a head, then silence', 'E3011', 'does not answer', (_, outgoing) => outgoing.write('{')],
    ['a byte now and then', 'E3011', 'not whole after', (_, outgoing) => drip(outgoing)],
    [
      'half a manifest',
      'E3011',
      'does not answer',
      (_, outgoing) => outgoing.writeHead(200, { 'content-length': '99' }).end('{'),
    ],
    ['a broken connection', 'E3011', 'does not answer', (_, outgoing) => outgoing.destroy()],
    ['no HTTP', 'E3011', 'does not answer', (_, outgoing) => outgoing.socket?.end('SSH-2.0-OpenSSH\r\n')],
    ['errors of its own', 'E3011', 'status 503', (_, outgoing) => outgoing.writeHead(503).end()],
    [
      'one refusal after another',
      'E3013',
      'fewer requests',
      (_, outgoing) => outgoing.writeHead(429, { 'retry-after': '0' }).end(),
    ],
    ['a teapot', 'E3017', 'status 418', (_, outgoing) => outgoing.writeHead(418).end()],
  ])('gives %s', async (_, code, message, answer) => {
    const started = performance.now();
    const refused = await refusal(resolveImage(await registryAt(answer), reference));
    expect(refused.code).toBe(code);
    expect(refused.subject).toContain(SUBJECT);
    expect(refused.message).toContain(message);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('that lists tags without end is left', async () => {
    const registry = await registryAt((_, outgoing) => endless(outgoing));
    expect((await refusal(listTags(registry, 'team/app'))).code).toBe('E3061');
  });

  test('that is not there is named', async () => {
    const server = await startHostile(() => {});
    await server.stop();
    const registry = new Registry('ghcr.io', {
      bases: [server.base],
      credentials: async () => null,
      signal,
      retry: { pauses: [1] },
    });
    const refused = await refusal(resolveImage(registry, reference));
    expect([refused.code, refused.message]).toEqual(['E3011', expect.stringContaining('ECONNREFUSED')]);
  });
});
