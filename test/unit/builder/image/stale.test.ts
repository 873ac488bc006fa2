import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { removeStale } from '../../../../builder/image/stale.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const iso = ['cpiab-lab.iso', 'cpiab-lab.iso.chunks.json', 'cpiab-lab.iso.chunks.json.minisig'];
const raw = 'cpiab-lab.raw';
const other = 'cpiab-harbour.iso';
const theirs = 'notes.txt';

/** What an earlier build left, and what others put beside it. */
async function fill(listed: readonly string[]): Promise<void> {
  for (const name of [...iso, raw, other, theirs]) await writeFile(here(name), name);
  const lines = listed.map((name) => `${'0'.repeat(64)}  ${name}\n`);
  await writeFile(here('SHA256SUMS'), lines.join(''));
}
const left = async () => (await readdir(here())).filter((name) => name !== 'SHA256SUMS').toSorted();

test('a medium that was not written again goes with its index; nothing else does', async () => {
  await fill([...iso, raw, other, theirs]);
  expect(await removeStale(here(), 'lab', new Set([raw]))).toEqual(iso);
  expect(await left()).toEqual([other, raw, theirs].toSorted());
});

test('a medium that no build listed stays', async () => {
  await fill([raw]);
  expect(await removeStale(here(), 'lab', new Set())).toEqual([raw]);
  expect(await left()).toEqual([other, ...iso, theirs].toSorted());
});

test('a link or a directory by the name of a medium stays, and so does what it leads to', async () => {
  await writeFile(here('SHA256SUMS'), `${'0'.repeat(64)}  ${raw}\n${'0'.repeat(64)}  ${iso[0]}\n`);
  await writeFile(here(theirs), '');
  await symlink(here(theirs), here(raw));
  await mkdir(here('cpiab-lab.iso'));
  expect(await removeStale(here(), 'lab', new Set())).toEqual([]);
  expect(await left()).toEqual(['cpiab-lab.iso', raw, theirs].toSorted());
});

test('a first build finds nothing to remove', async () => {
  expect(await removeStale(here(), 'lab', new Set())).toEqual([]);
});
