import { mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './process.ts';

export interface Mount {
  /** Device, or file with the option `loop`. */
  source: string;
  /** As mount(8) has them. */
  options: readonly string[];
  /** Directory to mount in. */
  scratch: string;
}

/**
 * Gives an ext4 file system's directory to some work, and takes it back whatever becomes of it.
 * @throws ProcessError where it can't be mounted; what the work throws.
 */
export async function mounted<Result>(
  { source, options, scratch }: Mount,
  signal: AbortSignal | null,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(scratch, 'mount-'));
  try {
    const command = ['mount', '-t', 'ext4', '-o', options.join(','), source, directory];
    await run(command, signal === null ? {} : { signal });
    try {
      return await work(directory);
    } finally {
      await run(['umount', directory]);
    }
  } finally {
    await rmdir(directory);
  }
}
