import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { nothingDropped } from '../../../contract/firewall.ts';
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
    encryption: 'tpm2',
    firmware: 'secure-boot',
  },
  slots: null,
  seed: null,
  install: null,
  node: null,
  pull: null,
  expansion: null,
  update: null,
  phase: 'converge',
  uptimeMs: 60_000,
  steps: [{ name: 'verify', state: 'done', startedMs: 15_000, tookMs: 1200, detail: '31 blobs' }],
  marks: [{ name: 'agent', atMs: 14_000 }],
  problem: 'Kustomization apps/syncthing is not ready',
  nextAction: 'wait',
  git: { head: '0123456789abcdef', applied: null },
  flux: { ready: 1, total: 2, blocking: [{ object: 'apps/syncthing', reason: 'ImagePullBackOff' }] },
  nodes: [{ name: 'box', ready: true, version: 'v1.36.3' }],
  dropped: nothingDropped,
  podNetwork: null,
  alerts: null,
  images: { running: 9, notInBundle: [] },
  memory: { used: 925e6, total: 4e9 },
  backup: { newest: '2026-11-20T10:00:00.000Z', count: 2, everyHours: 24, disk: null },
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
    'lab: converge, on for 1 min 00 s',
    'problem  Kustomization apps/syncthing is not ready',
    'next     wait',
  ]);
  expect(stdout).toContain('apps/syncthing: ImagePullBackOff');
  expect(stdout).toMatch(/^kernel +█+[▏▎▍▌▋▊▉]? +15\.0 s$/m);
  expect(stdout).toMatch(/^verify +[█▏▎▍▌▋▊▉]+ +1\.2 s$/m);
  expect(stdout).toMatch(/^verify +done: 31 blobs$/m);
});

test('names alerts that fire, and counts those that somebody silenced', async () => {
  const alert = { since: '2026-11-22T10:00:00Z', runbook: '', suppressed: false };
  const firing = [
    {
      ...alert,
      ...{ name: 'BoxProblem', severity: 'critical', summary: 'the box tells of a problem' },
      runbook: 'docs/operate/alerts.md#boxproblem',
    },
    { ...alert, name: 'MemoryLow', severity: 'warning', summary: 'little is left', suppressed: true },
  ];
  answers = [{ status: 200, body: JSON.stringify({ ...converging, alerts: { firing, problem: '' } }) }];
  const { stdout } = await status('--box', `${url}#${fingerprint}`);
  expect(stdout).toMatch(
    /^alerts +1 firing, 1 silenced\n +critical BoxProblem: the box tells of a problem\s+\(docs\/operate\/alerts\.md#boxproblem\)$/m,
  );
  expect(stdout).not.toContain('MemoryLow');
  const problem = 'Alertmanager cannot be asked: no endpoints';
  answers = [{ status: 200, body: JSON.stringify({ ...converging, alerts: { firing: [], problem } }) }];
  expect((await status('--box', `${url}#${fingerprint}`)).stdout).toContain(`alerts   ${problem}`);
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

test('--svg writes the boot as a picture that stands alone', async () => {
  const path = join(home, 'boot.svg');
  await status('--box', `${url}#${fingerprint}`, '--svg', path);
  const text = await readFile(path, 'utf8');
  expect(text).toMatch(/^<svg [^>]*role="img"/);
  expect(text).toContain('<title id="timeline-title">Boot timeline of lab</title>');
});

async function watched(until: string, ...flags: string[]) {
  const lines: [string, string][] = [];
  const stop = new AbortController();
  const watching = run(
    [process.execPath, main, 'status', '--box', `${url}#${fingerprint}`, '--watch', ...flags],
    {
      env: { CPIAB_CACHE: join(home, 'cache') },
      signal: stop.signal,
      onLine: (line, stream) => {
        lines.push([stream, line]);
        if (line.includes(until)) stop.abort();
      },
    },
  );
  await expect(watching).rejects.toThrow();
  return lines;
}

test('--watch in a log has a line for each change, through a silence and a restart, and Ctrl-C adds none', async () => {
  const at = (uptimeMs: number, more: object = {}) => ({
    status: 200,
    body: JSON.stringify({ ...converging, uptimeMs, ...more }),
  });
  const calm = { problem: null, nextAction: null, flux: { ready: 2, total: 2, blocking: [] } };
  answers = [
    at(1000),
    at(3000),
    { status: 502, body: '' },
    at(500, calm),
    at(900, { ...calm, phase: 'ready' }),
  ];
  expect(await watched('lab: ready')).toEqual([
    ['stdout', 'lab: converge, 1 of 2 applied: Kustomization apps/syncthing is not ready'],
    ['stdout', 'no answer: status 502'],
    ['stdout', 'the box has started anew'],
    ['stdout', 'lab: converge, 2 of 2 applied'],
    ['stdout', 'lab: ready, 2 of 2 applied'],
  ]);
});

test('--watch --json has a document a line', async () => {
  const ready = { ...converging, phase: 'ready', uptimeMs: 70_000 };
  answers = [
    { status: 200, body: JSON.stringify(converging) },
    { status: 200, body: JSON.stringify({ ...converging, uptimeMs: 62_000 }) },
    { status: 200, body: JSON.stringify(ready) },
  ];
  const lines = await watched('"phase":"ready"', '--json');
  expect(lines.map(([, line]) => JSON.parse(line))).toEqual([converging, ready]);
});
