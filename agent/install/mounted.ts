import { mounted } from '../../host/mounted.ts';
import { run } from '../../host/process.ts';

/** Where a partition lies on its disk; bytes. */
export interface SlotPlace {
  /** The disk. Its kernel need not know the partition. */
  disk: string;
  start: number;
  size: number;
}

/**
 * Gives a partition's directory to some work, and takes it back whatever becomes of it. What is read afterwards
 * comes from the disk: nothing of it stays in memory.
 * @param scratch directory to mount in.
 */
export async function partitionMounted<Result>(
  { disk, start, size }: SlotPlace,
  access: 'read' | 'write',
  scratch: string,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const place = ['loop', `offset=${start}`, `sizelimit=${size}`];
  const options = [access === 'read' ? 'ro' : 'rw', 'noatime', ...place];
  try {
    return await mounted({ source: disk, options, scratch }, null, work);
  } finally {
    await run(['sync', disk]);
    await dropCaches(disk);
  }
}

/** blockdev(8) wants a device; a file's pages go when its data is synced and nobody asks for it. */
async function dropCaches(disk: string): Promise<void> {
  await run(disk.startsWith('/dev/') ? ['blockdev', '--flushbufs', disk] : ['sync', '--data', disk]);
}
