import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { checkPiece } from '../../../builder/volumes/check.ts';
import { wholeMedium } from '../../../builder/volumes/piece.ts';
import { chunkBytes } from '../../../contract/chunk-index.ts';
import { bytesAt } from '../../../host/files.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { sha256, signIndex, splitInto, type TinyMedium } from '../../support/tiny-medium.ts';

const path = freshDirectory();
const CHUNKS = 96;
const repository = join(import.meta.dirname, '../../..');

/** A medium that takes a while to write: random bytes serve, as only chunks are looked at. */
async function largeMedium(): Promise<TinyMedium> {
  await mkdir(path('media'));
  const file = join(path('media'), 'large.iso');
  await writeFile(file, randomBytes(CHUNKS * chunkBytes - 12_345));
  return { path: file, ...(await signIndex(path(), file)) };
}

function cpiab(...args: string[]): { child: ChildProcess; output: Promise<string> } {
  const child = spawn(process.execPath, [join(repository, 'cli/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return {
    child,
    output: child.stdout.toArray().then((parts) => Buffer.concat(parts as Buffer[]).toString()),
  };
}

/** Kills a process as soon as a byte of a file is no longer zero. @returns whether it was still at work. */
async function killOnceWritten(child: ChildProcess, file: string, position: number): Promise<boolean> {
  while (!(await writtenAt(file, position)) && child.exitCode === null) await sleep(1);
  if (child.kill('SIGKILL')) await once(child, 'exit');
  return child.signalCode === 'SIGKILL';
}

/** Does it until it gives true: on a busy machine a process may come to its end before it is looked at. */
async function untilTrue(attempt: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 20; tries++) if (await attempt()) return;
  throw new Error('20 processes came to their end before they were killed');
}

/** Whether a file is there and more than zeros are at a position. */
async function writtenAt(path: string, position: number): Promise<boolean> {
  const bytes = await bytesAt(path, position, 64).catch(() => Buffer.alloc(0));
  return bytes.some((byte) => byte !== 0);
}

test('a repair that is killed has mended what it has, and goes on from there', async () => {
  const medium = await largeMedium();
  await cp(path('media'), path('copy'), { recursive: true });
  const target = join(path('copy'), 'large.iso');
  const args = ['repair', target, '--from', medium.path, '--key', medium.key, '--json'];
  await untilTrue(async () => {
    // All but the first chunk becomes zeros.
    await truncate(target, chunkBytes);
    await truncate(target, medium.signed.index.size);
    return await killOnceWritten(cpiab(...args).child, target, 20 * chunkBytes);
  });
  const { index } = medium.signed;
  const { bad } = await checkPiece(wholeMedium(target, index), index, new AbortController().signal);
  process.stderr.write(`killed with ${bad.length} of ${CHUNKS} chunks bad\n`);
  expect(bad.length).toBeGreaterThan(0);
  expect(bad.length).toBeLessThan(CHUNKS - 15);
  const second = cpiab(...args);
  const { files } = JSON.parse(await second.output);
  expect(files[0].bad).toBe(bad.length);
  expect(await sha256(target)).toBe(await sha256(medium.path));
});

test('putting volumes together goes on after a kill, and has its name only when it is whole', async () => {
  const medium = await largeMedium();
  await splitInto(medium, path('set'), 30);
  const args = ['assemble', path('set'), '--out', path('out'), '--key', medium.key, '--json'];
  const made = join(path('out'), 'large.iso');
  await untilTrue(async () => {
    await removeTree(path('out'));
    return await killOnceWritten(cpiab(...args).child, `${made}.new`, 20 * chunkBytes);
  });
  expect(await stat(made).catch(() => null)).toBeNull();
  const { copied } = JSON.parse(await cpiab(...args).output);
  process.stderr.write(`copied ${Math.round(copied / chunkBytes)} of ${CHUNKS} chunks after the kill\n`);
  expect(copied).toBeLessThan((CHUNKS - 15) * chunkBytes);
  expect(await sha256(made)).toBe(await sha256(medium.path));
});
