import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkDisk, type Places } from '../../../../builder/preflight/disk.ts';
import type { Lock } from '../../../../contract/lock.ts';
import { freeBytes } from '../../../../host/files.ts';
import { run } from '../../../../host/process.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const here = freshDirectory();
const sized = (cache: number, output: number) => tinyLock({ sizes: { download: 0, cache, output } });
const places = () => ({ cacheRoot: here('cache'), out: here('dist', 'lab') });
const PETABYTE = 2 ** 50;

async function errors(lock: Lock, at: Places = places()) {
  return (await checkDisk(lock, at)).flatMap(({ error }) => (error === undefined ? [] : [error]));
}

describe('the look at the disk', () => {
  test('passes when there is room, and makes nothing', async () => {
    expect(await errors(sized(1, 1))).toEqual([]);
    expect(await readdir(here())).toEqual([]);
  });

  test.each([
    ['the cache', sized(PETABYTE, 1)],
    ['the output', sized(1, PETABYTE)],
  ])('says how much %s needs and what is free', async (_, lock) => {
    const [error] = await errors(lock);
    expect(error).toMatchObject({ code: 'E4008', exit: 4 });
    expect(error?.message).toMatch(/^needs 1048576\.0 GiB of disk space, \d+\.\d GiB is free$/);
  });

  test('adds the two up when they share a file system', async () => {
    const most = Math.floor((await freeBytes(here())) * 0.7);
    expect(await errors(sized(most, most))).toMatchObject([{ code: 'E4008' }]);
    expect(await errors(sized(most, 1))).toEqual([]);
  });

  test('asks for room to compile only where that was not done', async () => {
    await mkdir(here('cache', 'products', 'go'), { recursive: true });
    expect(await errors(sized(PETABYTE, 1))).toEqual([]);
  });

  test.each([
    ['E4004', { cacheRoot: ['file', 'cache'], out: ['out'] }],
    ['E4012', { cacheRoot: ['cache'], out: ['file', 'out'] }],
  ] as const)('%s names the place that cannot be made', async (code, { cacheRoot, out }) => {
    await writeFile(here('file'), '');
    const found = await errors(sized(1, 1), { cacheRoot: here(...cacheRoot), out: here(...out) });
    const subject = here('file', code === 'E4004' ? 'cache' : 'out');
    expect(found).toMatchObject([{ code, exit: 4, subject }]);
  });

  test.each(['E4004', 'E4012'])('%s names a place that is mounted read-only, even for root', async (code) => {
    await mkdir(here('closed'));
    const [cacheRoot, out] =
      code === 'E4004' ? [here('closed'), here('out')] : [here('cache'), here('closed')];
    const program = `
      import { checkDisk } from ${JSON.stringify(new URL('../../../../builder/preflight/disk.ts', import.meta.url).href)};
      const [lock, places] = process.argv.slice(1).map((text) => JSON.parse(text));
      for (const { error } of await checkDisk(lock, places)) if (error) console.log(error.code, error.subject);`;
    const closed = ['bwrap', '--dev-bind', '/', '/', '--ro-bind', here('closed'), here('closed')];
    const { stdout } = await run([
      ...[...closed, process.execPath, '--input-type=module', '-e', program],
      ...[JSON.stringify(sized(1, 1)), JSON.stringify({ cacheRoot, out })],
    ]);
    expect(stdout).toBe(`${code} ${here('closed')}\n`);
  });
});
