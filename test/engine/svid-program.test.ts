import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../agent/until.ts';
import { run } from '../../host/process.ts';
import { freePort } from '../../host/qemu/launch.ts';
import { type EnrollBox, freshPath, startBox } from '../support/enroll/box.ts';
import { programFiles } from '../support/kube-programs.ts';
import { KubeApi, type TestPod } from '../support/svid/kube-api.ts';
import { Workload } from '../support/svid/program.ts';

const MINUTE = 60_000;
const api = new KubeApi();
let program: string;
let server: TestPod;
let client: TestPod;
let stranger: TestPod;

beforeAll(async () => {
  await api.open();
  program = join(api.directory, 'svid');
  await programFiles('svid', api.directory);
  await api.namespace('greeting', ['server', 'client', 'stranger']);
  server = await api.pod('greeting', 'server');
  client = await api.pod('greeting', 'client');
  stranger = await api.pod('greeting', 'stranger');
}, 600_000);
afterAll(() => api.close());

/** @param behindMs how far the box's clock is behind: its certificates are so much older. */
async function boxWithCluster(behindMs = 0): Promise<EnrollBox> {
  const box = await startBox({ enroll: { wall: () => Date.now() - behindMs } });
  box.api.board.put('kube', api.client);
  return box;
}

async function workload(box: EnrollBox, pod: TestPod): Promise<Workload> {
  const made = await Workload.of(program, await freshPath(), box, api, pod);
  onTestFinished(() => made.end());
  return made;
}

const soon = (what: () => Promise<boolean> | boolean) => until(what, AbortSignal.timeout(60_000));
const serialIn = async ({ files }: Workload) =>
  new X509Certificate(await readFile(join(files, 'svid.pem'))).serialNumber;

describe('svid keep', () => {
  test('writes certificate, key and root, which belong together, for the group of the pod', async () => {
    const { files } = await (await workload(await boxWithCluster(), client)).kept();
    const at = (name: string) => join(files, name);
    const argv = [
      'openssl',
      'verify',
      '-x509_strict',
      '-CAfile',
      at('bundle.pem'),
      '-untrusted',
      at('svid.pem'),
    ];
    expect((await run([...argv, at('svid.pem')])).stdout).toContain('OK');
    const leaf = new X509Certificate(await readFile(at('svid.pem')));
    expect(leaf.checkPrivateKey(createPrivateKey(await readFile(at('key.pem'))))).toBe(true);
    expect(leaf.subjectAltName).toMatch(/^URI:spiffe:\/\/[a-z0-9.]+\/ns\/greeting\/sa\/client$/);
    expect((await stat(at('key.pem'))).mode & 0o777).toBe(0o640);
  });

  test('has the next one when half of its life is over, with another key, and never half of a set', async () => {
    // Half of the hour is over from the beginning, so that it asks as often as it may.
    const own = await (await workload(await boxWithCluster(45 * MINUTE), client)).kept();
    const first = await serialIn(own);
    const sets: boolean[] = [];
    await soon(async () => {
      // One directory, resolved once: what a reader sees who opens the three files together.
      const set = join(own.files, '..data');
      const [certificate, key] = await Promise.all(
        ['svid.pem', 'key.pem'].map((name) => readFile(join(set, name))),
      );
      sets.push(new X509Certificate(certificate ?? '').checkPrivateKey(createPrivateKey(key ?? '')));
      return (await serialIn(own)) !== first;
    });
    expect(sets).not.toContain(false);
    await soon(async () => (await readdir(own.files)).filter((name) => /^\.\.\d/.test(name)).length === 1);
  });

  test('keeps what it has while it is refused, and goes on by itself when it is not any more', async () => {
    const own = await workload(await boxWithCluster(45 * MINUTE), client);
    await own.kept();
    const first = await serialIn(own);
    const good = await readFile(join(own.directory, 'token'), 'utf8');
    await own.setToken('a.b.c');
    await soon(() => own.said.includes('the box answers 401: the token shows no workload'));
    expect([await own.check(), await serialIn(own)]).toEqual([true, first]);
    await own.setToken(good);
    await soon(async () => (await serialIn(own)) !== first);
  });

  test('started again, it goes on with the certificate that is there', async () => {
    const own = await workload(await boxWithCluster(), client);
    const child = own.keep();
    await soon(() => own.check());
    const first = await serialIn(own);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    own.keep();
    await sleep(1000);
    expect(await serialIn(own)).toBe(first);
  });

  test('shows its token to nobody but its box', async () => {
    const [own, other] = [await boxWithCluster(), await boxWithCluster()];
    const lost = await workload(own, client);
    await lost.setBox(other.address);
    lost.keep();
    await soon(() => lost.said.includes('certificate signed by unknown authority'));
    expect(other.api.board.counters.counts('svids')).toEqual([]);
  });
});

describe('svid serve and svid dial', () => {
  test('carry a connection between two workloads that expect each other', async () => {
    const box = await boxWithCluster();
    const address = await serving(box);
    expect(await said(await dialing(box, client, address, '/ns/greeting/sa/server'))).toBe('HELLO');
  });

  test('let through nobody else, on either side', async () => {
    const box = await boxWithCluster();
    const address = await serving(box);
    expect(await said(await dialing(box, stranger, address, '/ns/greeting/sa/server'))).toBe('');
    expect(await said(await dialing(box, client, address, '/ns/greeting/sa/other'))).toBe('');
  });

  test('let through no workload of another box, whatever its name', async () => {
    const address = await serving(await boxWithCluster());
    expect(await said(await dialing(await boxWithCluster(), client, address, '/ns/greeting/sa/server'))).toBe(
      '',
    );
  });

  test('take no client without a certificate', async () => {
    const [host, port] = (await serving(await boxWithCluster())).split(':');
    const argv = ['openssl', 's_client', '-connect', `${host}:${port}`, '-quiet'];
    const asked = run(argv, { input: 'hello\n', timeoutMs: 20_000 });
    await expect(asked).rejects.toMatchObject({ stderr: expect.stringContaining('certificate required') });
  });
});

/** A workload `server` that says everything in capitals. @returns address for TLS. */
async function serving(box: EnrollBox): Promise<string> {
  const plain = await shouting();
  const address = `127.0.0.1:${await freePort()}`;
  const own = await (await workload(box, server)).kept();
  own.tunnel(
    'serve',
    address,
    `127.0.0.1:${(plain.address() as AddressInfo).port}`,
    '/ns/greeting/sa/client',
  );
  await listening(address);
  return address;
}

/** @returns address for plain connections. */
async function dialing(box: EnrollBox, pod: TestPod, to: string, peer: string): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const own = await (await workload(box, pod)).kept();
  own.tunnel('dial', address, to, peer);
  await listening(address);
  return address;
}

async function shouting(): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(data.toString().toUpperCase()));
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

/** What comes back for `hello`, until the other side has ended. */
async function said(address: string): Promise<string> {
  const socket = open(address);
  socket.end('hello');
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await Promise.race([new Promise((resolve) => socket.once('close', resolve)), sleep(20_000)]);
  return text;
}

async function listening(address: string): Promise<void> {
  await soon(async () => {
    const socket = open(address);
    const is = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return is;
  });
}

function open(address: string) {
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => {});
  return socket;
}
