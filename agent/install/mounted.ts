import { mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../host/process.ts';

/** Where a slot lies on its disk; bytes. */
export interface SlotPlace {
  /** The disk. Its kernel need not know the partition. */
  disk: string;
  start: number;
  size: number;
}

/**
 * Gives a slot's directory to some work, and takes it back whatever becomes of it. What is read afterwards
 * comes from the disk: nothing of it stays in memory.
 * @param scratch directory to mount in.
 */
export async function mounted<Result>(
  { disk, start, size }: SlotPlace,
  access: 'read' | 'write',
  scratch: string,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(scratch, 'slot-'));
  const options = [
    access === 'read' ? 'ro' : 'rw',
    'noatime',
    'loop',
    `offset=${start}`,
    `sizelimit=${size}`,
  ];
  await run(['mount', '-t', 'ext4', '-o', options.join(','), disk, directory]);
  try {
    return await work(directory);
  } finally {
    await run(['umount', directory]);
    await rmdir(directory);
    await run(['sync', disk]);
    await dropCaches(disk);
  }
}

/** blockdev(8) wants a device; a file's pages go when its data is synced and nobody asks for it. */
async function dropCaches(disk: string): Promise<void> {
  await run(disk.startsWith('/dev/') ? ['blockdev', '--flushbufs', disk] : ['sync', '--data', disk]);
}
