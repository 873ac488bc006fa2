import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { checkReach } from '../../../builder/preflight/reach.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { startRegistry } from '../../support/registry/server.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const why = 'a test';

/** A server that lets anybody in and says nothing. */
async function silentServer(): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

async function closedPort(): Promise<number> {
  const { port, server } = await silentServer();
  server.close();
  await once(server, 'close');
  return port;
}

const look = async (...addresses: string[]) => {
  const [found] = await checkReach([{ addresses: addresses.map((text) => new URL(text)), why }], signal);
  return found;
};

test('a host that lets us in is reachable', async () => {
  const { port } = await silentServer();
  expect((await look(`http://127.0.0.1:${port}/`))?.check).toMatchObject({
    result: 'pass',
    title: `127.0.0.1:${port}`,
    detail: expect.stringMatching(/^answers in \d+ ms, for a test$/),
  });
});

test('one that does not is named, with what it is needed for', async () => {
  const port = await closedPort();
  expect((await look(`http://127.0.0.1:${port}/`))?.error).toMatchObject({
    code: 'E4014',
    exit: 4,
    subject: `127.0.0.1:${port}`,
    message: 'is needed for a test, but it refuses the connection',
  });
  expect((await look('https://nowhere.invalid/'))?.error?.message).toMatch(/but it has no address/);
});

test('of several addresses one is enough', async () => {
  const [open, closed] = [(await silentServer()).port, await closedPort()];
  const found = await look(`http://127.0.0.1:${closed}/`, `http://127.0.0.1:${open}/`);
  expect(found?.check).toMatchObject({ result: 'pass' });
});

test('a host that is silent is given up soon', { timeout: 20_000 }, async () => {
  const { port } = await silentServer();
  expect((await look(`https://127.0.0.1:${port}/`))?.error?.message).toMatch(/does not answer within 5 s$/);
});

test('a certificate is trusted with the authority that the site names, and warned of without', async () => {
  await mkdir(path('tls'));
  const registry = await startRegistry(path('tls'), { tls: true });
  onTestFinished(() => registry.stop());
  const addresses = [registry.base];
  const trusting = { addresses, why, ...(registry.ca !== undefined && { ca: registry.ca }) };
  const found = await checkReach([trusting, { addresses, why }], signal);
  expect(found.map(({ check }) => check.result)).toEqual(['pass', 'warn']);
});

test('nothing to fetch is nobody to reach', async () => {
  expect((await checkReach([], signal)).map(({ check }) => check.detail)).toEqual([
    'nothing is to be fetched',
  ]);
});
