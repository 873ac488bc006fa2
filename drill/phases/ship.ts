import { copyFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { readChunk } from '../../builder/cargo/open.ts';
import { type CargoChunk, chunkPath } from '../../contract/cargo.ts';
import { arrived } from '../cargo.ts';
import type { Drill } from '../drill.ts';
import { onDisk } from '../netns/disk.ts';
import type { Step } from '../step.ts';

/** The cargo on its way, and whether it is what was sealed. */
export const ship = {
  carry: { title: 'the cargo carried to bank B', run: carry },
  verify: { title: 'signature, receiver and every chunk, before anything of it is used', run: verify },
} satisfies Record<string, Step>;

async function carry(drill: Drill): Promise<object> {
  await cp(drill.cargo('a'), drill.cargo('b'), { recursive: true });
  await onDisk(drill.cargo('b'));
  const { digest } = await arrived(drill);
  return { digest };
}

async function verify(drill: Drill): Promise<object> {
  const { manifest, directory } = await arrived(drill);
  const copiedAgain: number[] = [];
  for (const [number, chunk] of manifest.chunks.entries()) {
    if (await isWhole(directory, chunk)) continue;
    const path = chunkPath(chunk.id);
    await copyFile(join(drill.cargo('a'), path), join(directory, path));
    await readChunk(directory, chunk);
    copiedAgain.push(number);
  }
  await onDisk(directory);
  return { chunks: manifest.chunks.length, copiedAgain };
}

const isWhole = (directory: string, chunk: CargoChunk): Promise<boolean> =>
  readChunk(directory, chunk).then(
    () => true,
    () => false,
  );
