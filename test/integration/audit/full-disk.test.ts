import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LineFile } from '../../../agent/audit/file.ts';
import { run } from '../../../host/process.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';

const here = keptDirectory();

test('of lines for which the disk has no room none is left, and the next ones are whole', async () => {
  await run(['mount', '-t', 'tmpfs', '-o', 'size=32k', 'none', here()]);
  onTestFinished(async () => void (await run(['umount', here()])));
  const path = join(here(), 'log');
  const { file } = await LineFile.open(path, () => {});
  await file.append('first');
  const many = Array.from({ length: 100 }, () => 'x'.repeat(500));
  await expect(file.append(...many)).rejects.toThrow('ENOSPC');
  await file.append('second', 'third');
  await file.close();
  const lines: string[] = [];
  const again = await LineFile.open(path, (line) => lines.push(line));
  await again.file.close();
  expect(again.torn).toBe(0);
  expect(lines).toEqual(['first', 'second', 'third']);
});
