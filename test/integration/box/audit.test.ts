import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditLogDocument, AuditLogSchema } from '../../../contract/audit-log.ts';
import { run } from '../../../host/process.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { failure } from '../../support/failure.ts';

const main = join(dirname(dirname(dirname(import.meta.dirname))), 'cli', 'main.ts');
let directory: string;
let api: TestApi;
let box: string;
let kept: string;

const audit = (...args: string[]) =>
  run([process.execPath, main, 'audit', ...args], { env: { CPIAB_CACHE: join(directory, 'cache') } });
const push = (subject: string) =>
  api.audit.record({
    who: { name: 'alice', fingerprint: 'AB' },
    action: 'push',
    subject,
    outcome: 'done',
    detail: '',
  });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-audit-'));
  api = await startTestApi(() => undefined);
  box = `${api.url}#${api.identity.fingerprint}`;
  await push('first');
  kept = join(directory, 'kept.json');
  await writeFile(kept, (await audit('--box', box, '--json')).stdout);
});
afterAll(async () => {
  await api.close();
  await rm(directory, { recursive: true });
});

test('people see who did what, and how it ended', async () => {
  const { stdout } = await audit('--box', box);
  expect(stdout).toMatch(/^0 +20\d\d-\S+ \S+Z +alice +push +done +first$/m);
});

test("an operator's first request is written down once, with the address it came from", async () => {
  const { certificate: cert, key } = api.operator;
  const before = api.audit.size;
  for (let time = 0; time < 3; time += 1)
    await ask(`${api.url}/v1/status`, { ca: api.identity.certificate, cert, key });
  const { entries } = await api.audit.read(before);
  expect(entries).toMatchObject([
    { action: 'sign-in', who: { name: 'alice' }, detail: expect.stringContaining('127.0.0.1') },
  ]);
});

test('more entries than one answer has are fetched until the checkpoint covers them', async () => {
  const [first] = (await api.audit.read(0)).entries;
  expect(first).toBeDefined();
  for (let index = 0; index < 210; index += 1) await push(String(index));
  const { stdout } = await audit('--box', box, '--json');
  const log = AuditLogSchema.parse(JSON.parse(stdout));
  expect(log.entries).toHaveLength(api.audit.size);
});

test('--follow shows what comes, and ends with Ctrl-C', async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const following = run([process.execPath, main, 'audit', '--box', box, '--follow'], {
    env: { CPIAB_CACHE: join(directory, 'cache') },
    signal: stop.signal,
    onLine: (line, stream) => {
      expect([stream, line]).toEqual(['stdout', line]);
      if (lines.push(line) === 2) push('while following').catch(() => {});
      if (line.endsWith('while following')) stop.abort();
    },
  });
  await expect(following).rejects.toThrow();
  expect(lines.at(-1)).toMatch(/push +done +while following$/);
});

describe('a copy', () => {
  test('is verified offline, and goes on from an older one', async () => {
    const copy = join(directory, 'copy.json');
    await writeFile(copy, (await audit('--box', box, '--json')).stdout);
    const { stdout } = await audit(
      'verify',
      copy,
      '--after',
      kept,
      '--fingerprint',
      api.identity.fingerprint,
    );
    expect(stdout).toContain('signed by cpiab.dev/box/b1');
  });

  test('has the leaves and the root that jq and sha256sum give', async () => {
    const leaf = async (input: string) =>
      (await run(['sh', '-c', `(printf '\\0'; jq -cj '.entries[0]' "$1") | sha256sum`, 'sh', input])).stdout;
    const [, , root = ''] = (JSON.parse(await readFile(kept, 'utf8')) as AuditLogDocument).checkpoint.split(
      '\n',
    );
    // A tree of one leaf has that leaf as its root.
    expect((await leaf(kept)).slice(0, 64)).toBe(Buffer.from(root, 'base64').toString('hex'));
  });

  test('of another box is refused', async () => {
    const error = await failure(audit('verify', kept, '--fingerprint', '0'.repeat(64)));
    expect(error).toMatchObject({ status: 3, stderr: expect.stringContaining('CPIAB-E2163') });
  });

  test('with an edited name is refused with its entry', async () => {
    const edited = join(directory, 'edited.json');
    await writeFile(edited, (await readFile(kept, 'utf8')).replace('alice', 'mallory'));
    const error = await failure(audit('verify', edited));
    expect(error).toMatchObject({ status: 3, stderr: expect.stringMatching(/CPIAB-E2162 .*entry 0/) });
  });

  test('that is none is told as such', async () => {
    const wrong = join(directory, 'wrong.json');
    await writeFile(wrong, '{}');
    expect(await failure(audit('verify', wrong))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('CPIAB-E1004'),
    });
  });
});

test.each(['-1', 'x', '1.5', '1e99'])('a page from %s on is refused with 400', async (from) => {
  const { status } = await ask(`${api.url}/v1/audit?from=${from}`, { ca: api.identity.certificate });
  expect(status).toBe(400);
});
