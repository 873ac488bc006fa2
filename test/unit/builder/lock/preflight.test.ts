import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { preflight } from '../../../../builder/lock/preflight.ts';
import { freeBytes } from '../../../../host/files.ts';
import { run } from '../../../../host/process.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const here = freshDirectory();
const sized = (cache: number, output: number) => tinyLock({ sizes: { download: 0, cache, output } });
const places = () => ({ cacheRoot: here('cache'), out: here('dist', 'lab') });
const PETABYTE = 2 ** 50;

describe('preflight', () => {
  test('makes both directories when there is room', async () => {
    await preflight(sized(1, 1), places());
    expect(await freeBytes(here('dist', 'lab'))).toBeGreaterThan(1);
  });

  test.each([
    ['the cache', sized(PETABYTE, 1)],
    ['the output', sized(1, PETABYTE)],
  ])('says how much %s needs and what is free, before any work', async (_, lock) => {
    const error = await refusal(preflight(lock, places()));
    expect(error).toMatchObject({ code: 'E4008', exit: 4 });
    expect(error.message).toMatch(/^needs 1048576\.0 GiB of disk space, \d+\.\d GiB is free$/);
  });

  test('adds the two up when they share a file system', async () => {
    await mkdir(here('cache'));
    const most = Math.floor((await freeBytes(here())) * 0.7);
    expect(await refusal(preflight(sized(most, most), places()))).toMatchObject({ code: 'E4008' });
    await preflight(sized(most, 1), places());
  });

  test('asks for room to compile only where that was not done', async () => {
    await mkdir(here('cache', 'products', 'go'), { recursive: true });
    await preflight(sized(PETABYTE, 1), places());
  });

  test.each([
    ['E4004', { cacheRoot: ['file', 'cache'], out: ['out'] }],
    ['E4012', { cacheRoot: ['cache'], out: ['file', 'out'] }],
  ] as const)('%s names the place that cannot be made', async (code, { cacheRoot, out }) => {
    await writeFile(here('file'), '');
    const error = await refusal(preflight(sized(1, 1), { cacheRoot: here(...cacheRoot), out: here(...out) }));
    expect(error).toMatchObject({ code, exit: 4, subject: here('file', code === 'E4004' ? 'cache' : 'out') });
  });

  test.each(['E4004', 'E4012'])('%s names a place that is mounted read-only, even for root', async (code) => {
    await mkdir(here('closed'));
    const [cacheRoot, out] =
      code === 'E4004' ? [here('closed'), here('out')] : [here('cache'), here('closed')];
    const program = `
      import { preflight } from ${JSON.stringify(new URL('../../../../builder/lock/preflight.ts', import.meta.url).href)};
      const [lock, places] = process.argv.slice(1).map((text) => JSON.parse(text));
      await preflight(lock, places).catch((error) => console.log(error.code, error.subject));`;
    const closed = ['bwrap', '--dev-bind', '/', '/', '--ro-bind', here('closed'), here('closed')];
    const { stdout } = await run([
      ...[...closed, process.execPath, '--input-type=module', '-e', program],
      ...[JSON.stringify(sized(1, 1)), JSON.stringify({ cacheRoot, out })],
    ]);
    expect(stdout).toBe(`${code} ${here('closed')}\n`);
  });
});
