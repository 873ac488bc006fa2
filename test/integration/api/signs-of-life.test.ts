import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { apiIdentity } from '../../../agent/api/identity.ts';
import { httpsServer, listen } from '../../../agent/api/server.ts';
import { withSignsOfLife } from '../../../agent/api/signs-of-life.ts';
import { OperatorClient } from '../../../cli/box/operator.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const SILENCE_MS = 500;
const WORK_MS = 2000;

/** Lines of a server that takes less silence than its work lasts. */
async function linesOf(work: (outgoing: ServerResponse) => Promise<void>): Promise<string[]> {
  const identity = await apiIdentity(path('tls'), ['127.0.0.1']);
  const server = httpsServer(identity, null, async (_, outgoing) => {
    outgoing.writeHead(200);
    await work(outgoing);
    outgoing.end('done\n');
  });
  server.timeout = SILENCE_MS;
  await listen(server, 0, '127.0.0.1', signal);
  onTestFinished(() => void server.close());
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const credential = { cert: identity.certificate, key: identity.key };
  const client = new OperatorClient({ url, fingerprint: identity.fingerprint }, credential, signal);
  return await Array.fromAsync(client.lines('/', {}));
}

test('an answer that takes longer than a connection may be silent comes to its end, and shows no sign of life', async () => {
  const work = (outgoing: ServerResponse) => withSignsOfLife(outgoing, () => sleep(WORK_MS), SILENCE_MS / 5);
  expect(await linesOf(work)).toEqual(['done']);
});

test('without signs of life it is broken off', async () => {
  await expect(linesOf(() => sleep(WORK_MS))).rejects.toThrow();
});
