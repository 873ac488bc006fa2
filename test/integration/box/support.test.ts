import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CpiabError } from '../../../contract/errors.ts';
import type { SupportManifest } from '../../../contract/support.ts';
import { run } from '../../../host/process.ts';
import { verifySupport } from '../../../host/support-bundle.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { failure } from '../../support/failure.ts';

const main = join(dirname(dirname(dirname(import.meta.dirname))), 'cli', 'main.ts');
const { signal } = new AbortController();
let directory: string;
let api: TestApi;
let path: string;
let opened: string;

const support = (...args: string[]) =>
  run([process.execPath, main, 'support-bundle', ...args], {
    env: { CPIAB_CACHE: join(directory, 'cache') },
  });
const fetched = (...args: string[]) =>
  support(
    '--box',
    `${api.url}#${api.identity.fingerprint}`,
    '--cert',
    api.files.certificate,
    '--key',
    api.files.key,
    ...args,
  );

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-support-'));
  api = await startTestApi(() => undefined);
  api.report.begin('verify');
  api.report.progress('verify', 'reading https://alice:hunter2@example.org with password=hunter2');
  path = join(directory, 'box.tar.zst');
  await fetched('--out', path);
  opened = join(directory, 'opened');
  await run(['mkdir', opened]);
  await run(['tar', '--zstd', '-xf', path, '-C', opened]);
});
afterAll(async () => {
  await api.close();
  await rm(directory, { recursive: true });
});

test('any tar opens it, and what could not be had is named with the reason', async () => {
  const manifest = JSON.parse(await readFile(join(opened, 'manifest.json'), 'utf8')) as SupportManifest;
  const names = await readdir(opened);
  expect(names).toEqual(
    expect.arrayContaining(['status.json', 'timeline.svg', 'metrics.txt', 'audit.json', 'disk.txt']),
  );
  expect(names.length).toBe(manifest.files.length + 2);
  expect(manifest.missing).toContainEqual({ name: 'events.json', why: 'the box has not started this yet' });
});

test('it has no secret', async () => {
  expect((await run(['grep', '-c', 'redacted', join(opened, 'status.json')])).stdout).not.toBe('0\n');
  expect((await failure(run(['grep', '-r', 'hunter2', opened]))).status).toBe(1);
});

test('minisign and sha256sum say that the box made it', async () => {
  const manifest = JSON.parse(await readFile(join(opened, 'manifest.json'), 'utf8')) as SupportManifest;
  await run(['minisign', '-V', '-m', join(opened, 'manifest.json'), '-P', manifest.seal.minisign]);
  const sums = manifest.files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
  await run(['sha256sum', '--check', '--strict', '--quiet'], { cwd: opened, input: sums });
});

test('who took it is in the audit log', async () => {
  const { entries } = await api.audit.read(0);
  const taken = entries.filter(({ action }) => action === 'support-bundle');
  expect(taken).toMatchObject([{ outcome: 'begun', who: { name: 'alice' } }, { outcome: 'done' }]);
});

test('without the certificate it is refused, and nothing is left behind', async () => {
  const { status } = await ask(`${api.url}/v1/support-bundle`, { ca: api.identity.certificate });
  expect(status).toBe(403);
  const [stranger, key] = [join(directory, 'stranger.crt'), join(directory, 'stranger.key')];
  await run([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=mallory',
    '-keyout',
    key,
    '-out',
    stranger,
  ]);
  const out = join(directory, 'refused.tar.zst');
  const error = await failure(fetched('--cert', stranger, '--key', key, '--out', out));
  expect([error.status, error.stderr]).toEqual([1, expect.stringContaining('CPIAB-E5010')]);
  expect((await readdir(directory)).filter((name) => name.startsWith('refused'))).toEqual([]);
});

test('verify holds it against the fingerprint', async () => {
  const { stdout } = await support('verify', path, '--fingerprint', api.identity.fingerprint);
  expect(stdout).toContain(`signed by the box with fingerprint ${api.identity.fingerprint}`);
  const error = await failure(support('verify', path, '--fingerprint', '0'.repeat(64)));
  expect([error.status, error.stderr]).toEqual([3, expect.stringContaining('CPIAB-E2163')]);
});

test.each([
  ['an edited file', 'sed -i s/lab/lob/ status.json', 'status.json is not what was signed'],
  ['a missing file', 'rm disk.txt', 'disk.txt is not what was signed'],
  ['a file more', 'echo x > more.txt', 'more.txt was added'],
  ['an edited manifest', `sed -i 's/"made": "20/"made": "19/' manifest.json`, 'signature does not verify'],
  ['no signature', 'rm manifest.json.minisig', 'no signed manifest'],
  ['a link', 'ln -sf /etc/passwd disk.txt', 'no file'],
])('%s is refused', async (name, change, why) => {
  const [copy, forged] = [join(directory, name), join(directory, `${name}.tar.zst`)];
  await run(['cp', '-r', opened, copy]);
  await run(['sh', '-c', `${change} && tar --zstd -cf "$1" *`, 'sh', forged], { cwd: copy });
  const error = await verifySupport(forged, signal).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CpiabError);
  expect(error).toMatchObject({ code: 'E2164', message: expect.stringContaining(why) });
});

test('what is cut off, or no bundle at all, is refused', async () => {
  const cut = join(directory, 'cut');
  const bytes = await readFile(path);
  for (const part of [bytes.subarray(0, bytes.length / 2), Buffer.from('hello'), Buffer.alloc(0)]) {
    await writeFile(cut, part);
    await expect(verifySupport(cut, signal)).rejects.toMatchObject({ code: 'E2164' });
  }
});
