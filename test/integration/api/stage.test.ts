import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepReport } from '../../../agent/postcheck/store.ts';
import { openRepository } from '../../../agent/serve/git/repository.ts';
import type { Manifest } from '../../../contract/manifest.ts';
import { run } from '../../../host/process.ts';
import { sourceRepository, startTestApi, type TestApi } from '../../support/api.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { operatorOf } from '../../support/operator-cli.ts';
import { entry, reportOf } from '../../support/postcheck/report.ts';

const here = keptDirectory();
let box: TestApi;
let operator: Awaited<ReturnType<typeof operatorOf>>;
let head = '';

beforeAll(async () => {
  box = await startTestApi(() => undefined);
  operator = await operatorOf({ api: box }, here('operator'));
  const { bundle, head: first } = await sourceRepository(here(), { 'a.txt': 'a' });
  head = first;
  box.board.put('git', await openRepository(here('box.git'), bundle, new AbortController().signal));
  box.board.put('manifest', { sequence: 7 } as unknown as Manifest);
});
afterAll(() => box.close());

const keep = (result: 'pass' | 'fail') =>
  keepReport(box.board.paths.postcheck, { ...reportOf(entry('engine/dns', result)), revision: head });
const stageEntries = async () => (await box.audit.read(0)).entries.filter(({ action }) => action === 'stage');

test('without a green post-check nothing is signed', async () => {
  expect((await operator.ask('stage')).stdout).toMatchInlineSnapshot(`
    "site lab
    stage  title              state
    1      Platform and apps  open
    2      AI studio          closed  until stage 1 is complete

    stage 1 cannot be completed: no post-check of this box was made
    "
  `);
  await keep('fail');
  const { status, stderr } = await operator.ask('stage', 'complete', '1');
  expect([status, stderr]).toEqual([1, expect.stringContaining('CPIAB-E5611 stage 1')]);
  expect(stderr).toContain('the latest post-check failed: engine/dns');
});

test('after one, the signature is in the box, its log and Git', async () => {
  await keep('pass');
  const done = await operator.ask('stage', 'complete', '1', '--repository', here());
  expect(done).toMatchObject({
    stdout: `stage 1 is complete: signed by alice, of commit ${head}\n`,
    status: 0,
  });
  const kept = JSON.parse(await readFile(box.board.paths.stages, 'utf8'));
  const told = JSON.parse(await readFile(join(here(), 'ai/state/status.json'), 'utf8'));
  expect(told.sites[0].completed).toEqual(kept);
  expect((await stageEntries()).at(-1)?.detail).toContain(kept[0].signature);
  expect((await operator.ask('stage')).stdout).toContain('stage 2 cannot be completed');
});

test('openssl and jq verify it, as the page for operators says', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/operate/postcheck.md'), 'utf8');
  const [script = ''] = /^jq -r '\.sites.*?(?=^```)/ms.exec(page) ?? [];
  await writeFile(here('operator-ca.crt'), box.operator.ca);
  const { stdout } = await run(['sh', '-ec', script], { cwd: here() });
  expect(stdout).toBe('signer.crt: OK\nVerified OK\n');
});
