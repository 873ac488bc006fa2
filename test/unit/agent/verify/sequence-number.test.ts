import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepSequence, refuseOlder } from '../../../../agent/verify/sequence-number.ts';

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'cpiab-')), 'sequence');
});
afterEach(() => rm(join(path, '..'), { recursive: true }));

test('a new box takes any sequence', async () => {
  await expect(refuseOlder(path, 1)).resolves.toBeUndefined();
});

test('the same sequence and a higher one pass, a lower one is refused', async () => {
  await keepSequence(path, 7);
  await refuseOlder(path, 7);
  await refuseOlder(path, 8);
  await expect(refuseOlder(path, 6)).rejects.toMatchObject({ code: 'E2110', exit: 3 });
});

test('what is kept never goes down', async () => {
  await keepSequence(path, 7);
  await keepSequence(path, 3);
  expect(await readFile(path, 'utf8')).toBe('7\n');
});

test('a damaged file lets nothing in', async () => {
  await writeFile(path, 'garbage');
  await expect(refuseOlder(path, 9)).rejects.toThrow(/no number/);
});
