import { constants } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LineFile } from '../../../../agent/audit/file.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const path = freshDirectory();

/** Flags that this process has a file open with. Source: proc(5), fdinfo. */
async function flagsOf(file: string): Promise<number[]> {
  const flags: number[] = [];
  for (const descriptor of await readdir('/proc/self/fd')) {
    if ((await readlink(join('/proc/self/fd', descriptor)).catch(() => '')) !== file) continue;
    const info = await readFile(join('/proc/self/fdinfo', descriptor), 'utf8');
    flags.push(Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? '0', 8));
  }
  return flags;
}

test('each write to a file of lines waits for the disk', async () => {
  const { file } = await LineFile.open(path('log'), () => {});
  onTestFinished(() => file.close());
  const [flags = 0, ...more] = await flagsOf(path('log'));
  expect(flags & constants.O_DSYNC).toBe(constants.O_DSYNC);
  expect(more).toEqual([]);
});

test('a closed file of lines is written to no more, whatever has its number then', async () => {
  const { file } = await LineFile.open(path('log'), () => {});
  await file.close();
  const other = await LineFile.open(path('other'), () => {});
  onTestFinished(() => other.file.close());
  await expect(file.append('lost')).rejects.toThrow();
  expect(await readFile(path('other'), 'utf8')).toBe('');
  expect(await flagsOf(path('log'))).toEqual([]);
});
