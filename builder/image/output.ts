import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { renameDurably } from '../../host/files.ts';

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
  const lock = join(directory, '.lock');
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw new CpiabError('E4012', { subject: directory, cause });
  });
  await takeLock(lock, directory);
  const scratch = join(directory, '.new');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch);
  return {
    directory,
    scratch,
    publish: async (fresh, name) => {
      const final = join(directory, name);
      // A directory can't be replaced by one rename; its old form makes room first.
      await rename(final, join(scratch, `old-${name}`)).catch(() => undefined);
      await renameDurably(fresh, final);
    },
    close: async () => {
      await rm(scratch, { recursive: true, force: true });
      await rm(lock, { force: true });
    },
  };
}

async function takeLock(lock: string, directory: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(lock, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw new CpiabError('E4012', { subject: directory, cause });
    }
    const holder = await readFile(lock, 'utf8').catch(() => '');
    if (isRunning(Number(holder))) throw new CpiabError('E3005', { subject: directory, args: [holder] });
    await rm(lock, { force: true });
  }
  throw new CpiabError('E3005', { subject: directory, args: ['unknown'] });
}

/** Whether a process exists; signal 0 only asks. */
function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
