import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { renameDurably } from '../../host/files.ts';
import { HeldError, type Hold, hold } from '../../host/hold.ts';

/** The output directory, held by one build at a time. */
export interface Output {
  /** Absolute path. */
  directory: string;
  /** Where artifacts are written before they get their names; on the same file system. */
  scratch: string;
  /** Gives a finished file or directory of the scratch its final name, replacing what was there. */
  publish(fresh: string, name: string): Promise<void>;
  /** Removes the scratch and lets other builds in. */
  close(): Promise<void>;
}

/**
 * Takes the output directory.
 * @throws CpiabError E3005 when another build has it, E4012 when it can't be written.
 */
export async function openOutput(directory: string): Promise<Output> {
  const unwritable = (cause: unknown) => {
    throw new CpiabError('E4012', { subject: directory, cause });
  };
  await mkdir(directory, { recursive: true }).catch(unwritable);
  const held = await take(directory);
  const scratch = join(directory, '.new');
  try {
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch).catch(unwritable);
  } catch (error) {
    await held.release();
    throw error;
  }
  return {
    directory,
    scratch,
    publish: async (fresh, name) => await replace(fresh, join(directory, name), join(scratch, `old-${name}`)),
    close: async () => {
      await rm(scratch, { recursive: true, force: true });
      await held.release();
    },
  };
}

/** A directory is the same one under every path that leads to it. */
async function take(directory: string): Promise<Hold> {
  const { dev, ino } = await stat(directory);
  return await hold(`output/${dev}/${ino}`).catch((cause: unknown) => {
    if (!(cause instanceof HeldError)) throw cause;
    throw new CpiabError('E3005', { subject: directory, args: [cause.pid], cause });
  });
}

/** Puts a file or directory in the place of another; `aside` is where a directory in the way goes. */
async function replace(fresh: string, final: string, aside: string): Promise<void> {
  try {
    await renameDurably(fresh, final);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR'].includes(code)) throw error;
    // One rename replaces a file or an empty directory only.
    await rename(final, aside);
    await renameDurably(fresh, final);
  }
}
