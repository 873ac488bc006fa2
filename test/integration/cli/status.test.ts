import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BoxStatus } from '../../../contract/status.ts';
import { keepBoxRecord } from '../../../host/box-record.ts';
import { run } from '../../../host/process.ts';
import { failure } from '../../support/failure.ts';

const main = join(dirname(dirname(dirname(import.meta.dirname))), 'cli', 'main.ts');
const converging: BoxStatus = {
  apiVersion: 'cpiab.dev/v1',
  kind: 'BoxStatus',
  box: {
    id: 'b1',
    fingerprint: 'ab',
    version: '0.1.0',
    sequence: 7,
    site: 'lab',
    state: 'disk',
    firmware: 'secure-boot',
  },
  phase: 'converge',
  uptimeMs: 60_000,
  steps: [{ name: 'verify', state: 'done', startedMs: 15_000, tookMs: 1200, detail: '31 blobs' }],
  problem: 'Kustomization apps/syncthing is not ready',
  nextAction: 'wait',
  git: { head: '0123456789abcdef', applied: null },
  flux: { ready: 1, total: 2, blocking: [{ object: 'apps/syncthing', reason: 'ImagePullBackOff' }] },
  nodes: [{ name: 'box', ready: true, version: 'v1.36.3' }],
  egress: { denied: 0 },
  images: { running: 9, notInBundle: [] },
  memory: { used: 925e6, total: 4e9 },
};
let home: string;
let server: Server;
let url: string;
let fingerprint: string;
let answers: { status: number; body: string }[];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cpiab-status-'));
  const [key, certificate] = [join(home, 'key.pem'), join(home, 'crt.pem')];
  const curve = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=box',
  ];
  await run(['openssl', 'req', '-x509', ...curve, '-keyout', key, '-out', certificate]);
  const cert = await readFile(certificate, 'utf8');
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  fingerprint = createHash('sha256').update(spki).digest('hex');
  server = createServer({ key: await readFile(key), cert }, (request, response) => {
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500, body: '' };
    response.writeHead(request.url === '/v1/status' ? answer.status : 404).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
beforeEach(() => {
  answers = [{ status: 200, body: JSON.stringify(converging) }];
});
afterAll(async () => {
  server.close();
  await rm(home, { recursive: true });
});

const status = (...args: string[]) =>
  run([process.execPath, main, 'status', ...args], { env: { CPIAB_CACHE: join(home, 'cache') } });

test('tells people what is wrong and what to do first', async () => {
  const { stdout } = await status('--box', `${url}#${fingerprint.toUpperCase()}`, '--timeline');
  expect(stdout.split('\n').slice(0, 3)).toEqual([
    'lab: converge',
    'problem: Kustomization apps/syncthing is not ready',
    'next: wait',
  ]);
  expect(stdout).toContain('apps/syncthing: ImagePullBackOff');
  expect(stdout).toMatch(/^verify +done +15\.0 s +1\.2 s +31 blobs$/m);
});

test('gives programs the document as it is', async () => {
  const { stdout } = await status('--box', `${url}#${fingerprint}`, '--json');
  expect(JSON.parse(stdout)).toEqual(converging);
});

test('knows the box that was booted here last', async () => {
  const record = {
    url,
    fingerprint,
    site: 'lab',
    pid: null,
    disk: null,
    console: '/log',
    started: Date.now(),
  };
  await keepBoxRecord(join(home, 'cache'), record);
  expect((await status()).stdout).toContain('lab: converge');
  expect((await status('--box', url)).stdout).toContain('lab: converge');
});

test('a box with another key gets no question and is named', async () => {
  const { status: exit, stderr } = await failure(status('--box', `${url}#${'0'.repeat(64)}`));
  expect([exit, stderr]).toEqual([
    1,
    expect.stringContaining(`CPIAB-E5005 ${url}/: presents key ${fingerprint}`),
  ]);
});

test.each([
  [503, 'busy', 'status 503'],
  [200, 'hello', 'not the status of a box'],
  [200, '{"kind": "BoxStatus"}', 'not the status of a box'],
])('an answer that is no status: %d %s', async (code, body, why) => {
  answers = [{ status: code, body }];
  const { status: exit, stderr } = await failure(status('--box', `${url}#${fingerprint}`));
  expect([exit, stderr]).toEqual([1, expect.stringContaining(`CPIAB-E5004 ${url}/: no answer: ${why}`)]);
});

test('--watch prints each change once, and outlasts a box that is silent for a while', async () => {
  const same = { status: 200, body: JSON.stringify(converging) };
  const ready = { ...converging, phase: 'ready', problem: null, nextAction: null };
  answers = [same, same, { status: 502, body: '' }, { status: 200, body: JSON.stringify(ready) }];
  const lines: string[] = [];
  const stop = new AbortController();
  const watching = run([process.execPath, main, 'status', '--box', `${url}#${fingerprint}`, '--watch'], {
    env: { CPIAB_CACHE: join(home, 'cache') },
    signal: stop.signal,
    onLine: (line) => {
      lines.push(line);
      if (line === 'lab: ready') stop.abort();
    },
  });
  await expect(watching).rejects.toThrow();
  const told = lines.filter((line) => /^lab: |no answer/.test(line));
  expect(told).toEqual(['lab: converge', expect.stringContaining('no answer'), 'lab: ready']);
});
