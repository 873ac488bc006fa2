import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { watchNfs } from '../../../agent/watch/nfs.ts';
import { nfsAnswer } from '../../support/nas/answer.ts';

const { signal } = new AbortController();
const sockets = new Set<Socket>();
let server: Server | undefined;
afterEach(async () => {
  if (server?.listening === true) await closed();
});

async function closed(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  if (server !== undefined) await once(server.close(), 'close');
}

/** @param answer hex; nothing where the server is there and its NFS is not. */
async function listen(answer: string, port = 0): Promise<number> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('data', () => socket.write(Buffer.from(answer, 'hex')));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const volume = (namespace: string, phase = 'Bound', address = '127.0.0.1') => ({
  metadata: { name: `media-${namespace}` },
  spec: { nfs: { server: address, path: '/volume1/data' }, claimRef: { namespace, name: 'media' } },
  status: { phase },
});
const cluster = (...items: object[]) => ({ get: async <T>() => ({ items }) as T });

test('a server that answers is no news; without a cluster nobody is asked', async () => {
  const port = await listen(nfsAnswer);
  const watch = watchNfs(() => cluster(volume('jellyfin')), port);
  for (let look = 0; look < 3; look++) expect(await watch(signal)).toBeNull();
  expect(await watchNfs(() => undefined, port)(signal)).toBeNull();
});

test('one that is gone is named at the second look, with what waits for it; when it is back, all is well', async () => {
  const port = await listen(nfsAnswer);
  const watch = watchNfs(
    () => cluster(volume('sonarr'), volume('jellyfin'), volume('idle', 'Available')),
    port,
  );
  await closed();
  expect(await watch(signal)).toBeNull();
  expect(await watch(signal)).toEqual({
    problem:
      'the NFS server 127.0.0.1 does not answer; these volumes wait for it: jellyfin/media, sonarr/media',
    nextAction: expect.stringContaining('goes on by itself'),
  });
  await listen(nfsAnswer, port);
  expect(await watch(signal)).toBeNull();
});

test('a machine that takes the connection and serves no NFS does not answer', async () => {
  const watch = watchNfs(() => cluster(volume('jellyfin')), await listen(''));
  await watch(signal);
  expect((await watch(signal))?.problem).toContain('127.0.0.1 does not answer');
});

test('of many volumes some are named', async () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => volume(name));
  const watch = watchNfs(() => cluster(...many), await listen(''));
  await watch(signal);
  expect((await watch(signal))?.problem).toMatch(/: a\/media, b\/media, c\/media, d\/media and 2 more$/);
});
