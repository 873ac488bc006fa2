import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { apiIdentity } from '../../../agent/api/identity.ts';
import { bothWays } from '../../../agent/api/kubernetes/both-ways.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
const TIMES = 50;

/** Two ends of one connection: of TLS for a client of the box, as there. */
async function connection(isTls: boolean): Promise<[near: Socket, far: Socket]> {
  const { key, certificate: cert } = await apiIdentity(path('tls'), ['127.0.0.1']);
  const server = isTls ? createTlsServer({ key, cert }) : createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, isTls ? 'secureConnection' : 'connection');
  const to = { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
  const near = isTls ? tlsConnect({ ...to, rejectUnauthorized: false }) : connect(to);
  const [far] = (await accepted) as [Socket];
  onTestFinished(() => {
    for (const each of [near, far]) each.destroy();
    server.close();
  });
  return [near, far];
}

test('all that was said before the other side ended is heard', async () => {
  for (let time = 0; time < TIMES; time++) {
    const [client, one] = await connection(true);
    const [other, server] = await connection(false);
    const joined = bothWays(one, other);
    const said = Buffer.alloc(1000 + time * 997, 'said');
    server.end(said);
    expect((await buffer(client)).length).toBe(said.length);
    await joined;
    expect([one.destroyed, other.destroyed]).toEqual([true, true]);
  }
});

test('who leaves ends what he was joined with', async () => {
  const [client, one] = await connection(true);
  const [other, server] = await connection(false);
  const joined = bothWays(one, other);
  client.destroy();
  server.resume();
  await once(server, 'end');
  server.end();
  await joined;
  expect(other.destroyed).toBe(true);
});
