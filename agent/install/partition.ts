import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { slotFormat } from '../../contract/boot-slots.ts';
import type { Encryption } from '../../contract/encryption.ts';
import { CpiabError } from '../../contract/errors.ts';
import { medium } from '../../contract/layout.ts';
import { digestOf, type Manifest } from '../../contract/manifest.ts';
import type { Paths } from '../board.ts';
import { claimSector } from './content.ts';
import { makeState } from './data.ts';
import { makeExt4 } from './ext4.ts';
import type { SlotPlace } from './mounted.ts';
import { writeFirstSector, writeTable } from './table.ts';
import type { Target } from './target.ts';

const MIB = 2 ** 20;
/** What of each end of a partition is cleared: where file systems and RAID keep what they are known by. */
const ENDS = 4 * MIB;
const PIECE = Buffer.alloc(MIB);

/**
 * Claims a disk, then writes everything but the files of slot A and the first sector. From the claim on
 * nothing of what was on the disk is seen any more, and nothing of what comes is yet.
 * @returns what belongs into the first sector.
 */
export async function partition(
  target: Target,
  { medium: source, run: scratch }: Pick<Paths, 'medium' | 'run'>,
  encrypt: Encryption,
  signal: AbortSignal,
): Promise<Buffer> {
  const { disk } = target;
  await writeFirstSector(disk.path, claimSector());
  const protective = await writeTable(target, scratch, signal);
  await clear(target, signal);
  await writeLoaders(target, source);
  await formatSlot(target, 'slotB', signal);
  await makeState(target, encrypt, signal);
  return protective;
}

/** Where others left something, two programs might take a partition for two things. */
async function clear({ disk, layout }: Target, signal: AbortSignal): Promise<void> {
  const { esp, ...others } = layout.partitions;
  const file = await open(disk.path, 'r+');
  try {
    await zero(file, esp.start, esp.size, signal);
    for (const { start, size } of Object.values(others)) {
      const ends = Math.min(ENDS, size);
      await zero(file, start, ends, signal);
      await zero(file, start + size - ends, ends, signal);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function zero(file: FileHandle, start: number, length: number, signal: AbortSignal): Promise<void> {
  for (let done = 0; done < length; done += PIECE.length) {
    signal.throwIfAborted();
    await file.write(PIECE, 0, Math.min(PIECE.length, length - done), start + done);
  }
}

/** The parts of the loader that have partitions of their own. */
export const loaderPlaces = [
  { file: medium.loader.core, partition: 'bios' },
  { file: medium.loader.esp, partition: 'esp' },
] as const;

async function writeLoaders({ disk, layout }: Target, source: string): Promise<void> {
  const target = await open(disk.path, 'r+');
  try {
    for (const { file, partition: name } of loaderPlaces) {
      let position = layout.partitions[name].start;
      for await (const chunk of createReadStream(join(source, file), { highWaterMark: MIB })) {
        const bytes = chunk as Buffer;
        await target.write(bytes, 0, bytes.length, position);
        position += bytes.length;
      }
    }
    await target.sync();
  } finally {
    await target.close();
  }
}

/** Where a partition with a file system lies, for who mounts it. */
export function placeOf({ disk, layout }: Target, name: 'slotA' | 'slotB'): SlotPlace {
  const { start, size } = layout.partitions[name];
  return { disk: disk.path, start, size };
}

/** Makes a slot empty. */
export async function formatSlot(
  { disk, layout }: Target,
  slot: 'slotA' | 'slotB',
  signal: AbortSignal,
): Promise<void> {
  await makeExt4(disk.path, layout.partitions[slot], [...slotFormat], [], signal);
}

/**
 * Reads the loader's parts back.
 * @throws CpiabError E2103 naming the first that is not what the manifest says.
 */
export async function checkLoaders(
  { disk, layout }: Target,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<void> {
  for (const { file, partition: name } of loaderPlaces) {
    const digest = manifest.links[file];
    const blob = manifest.blobs.find((found) => found.digest === digest);
    if (digest === undefined || blob === undefined) throw new CpiabError('E2105', { subject: file });
    const { start } = layout.partitions[name];
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(disk.path, { start, end: start + blob.size - 1, signal }))
      hash.update(chunk as Buffer);
    if (digestOf(hash.digest('hex')) !== digest)
      throw new CpiabError('E2103', { subject: `${digest} (${file})` });
  }
}
