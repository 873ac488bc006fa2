import { afterEach, expect, test } from 'vitest';
import { resolveImage } from '../../../builder/registry/manifests.ts';
import { Registry } from '../../../builder/registry/registry.ts';
import { refusal } from '../../support/refusal.ts';
import { certificateFor } from '../../support/registry/certificate.ts';
import { type HostileServer, startHostile } from '../../support/registry/hostile.ts';

const { signal } = new AbortController();
const reference = { host: 'ghcr.io', repository: 'team/app', tag: '1.0' };
const LOGIN = { user: 'alice', password: 'secret' };
let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

/** A server that asks everybody for a login. */
async function server(tls?: { key: string; certificate: string }): Promise<HostileServer> {
  const started = await startHostile((_, outgoing) => {
    outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('{}');
  }, tls);
  running.push(started);
  return started;
}

async function refusedAt(base: URL, ca?: string) {
  const options = { bases: [base], signal, retry: { pauses: [] }, credentials: async () => LOGIN };
  const registry = new Registry('ghcr.io', { ...options, ...(ca !== undefined && { ca }) });
  running.push({ stop: () => registry.close() });
  return await refusal(resolveImage(registry, reference));
}

const year = (number: number) => new Date(Date.UTC(number, 0));
const ADDRESS = { type: 'ip', value: '127.0.0.1' } as const;

test.each([
  ['has ended', ADDRESS, 2020, 2021, 'E3063', /the certificate does not hold today: .*expired/],
  ['has not begun', ADDRESS, 2080, 2090, 'E3063', /not yet valid/],
  [
    'is for another host',
    { type: 'dns', value: 'other.example' } as const,
    2020,
    2090,
    'E3064',
    /for another host: .*other\.example/,
  ],
  [
    'is for another address',
    { type: 'ip', value: '192.0.2.1' } as const,
    2020,
    2090,
    'E3064',
    /192\.0\.2\.1/,
  ],
])('a certificate that %s is refused, and no login sent', async (_, name, from, until, code, message) => {
  const tls = await certificateFor(name, year(from), year(until));
  const hostile = await server(tls);
  const refused = await refusedAt(hostile.base, tls.certificate);
  expect([refused.code, refused.subject]).toEqual([code, hostile.base.host]);
  expect(refused.message).toMatch(message);
  expect(hostile.requests).toEqual([]);
});

test('a certificate that signed itself is refused, and no login sent', async () => {
  const hostile = await server(await certificateFor(ADDRESS, year(2020), year(2090)));
  expect((await refusedAt(hostile.base)).code).toBe('E3018');
  expect(hostile.requests).toEqual([]);
});

test('a server without TLS where TLS is asked for is named so', async () => {
  const { base } = await server();
  const refused = await refusedAt(new URL(base.href.replace('http:', 'https:')));
  expect([refused.code, refused.subject]).toEqual(['E3065', base.host]);
});
