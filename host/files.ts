import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface WriteOptions {
  /** Permission bits, exactly: the umask does not change them. 0644 unless told. */
  mode?: number;
}

/**
 * Puts a file at its name whole or not at all, also over a power cut: writes a `.new` neighbour,
 * fsyncs it, renames it, fsyncs the directory. Two writers at once: the last rename wins.
 * @throws the file system's error; the `.new` file is gone then.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o644 }: WriteOptions = {},
): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(fresh, 'wx', mode);
    try {
      await file.writeFile(data);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/**
 * Gives a finished file or directory its final name and makes the name last over a power cut.
 * The content must be on the same file system; a file at `path` is replaced.
 */
export async function renameDurably(fresh: string, path: string): Promise<void> {
  await syncPath(fresh);
  await rename(fresh, path);
  await syncDirectory(dirname(path));
}

/** Waits until a directory's entries are on the disk. */
export async function syncDirectory(path: string): Promise<void> {
  await syncPath(path);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a directory and its parents; one that is there already is fine. Unlike Node's recursive mkdir it
 * ends where a file system has no new names, such as /proc (Node loops for ever on ENOENT there).
 */
export async function ensureDirectory(path: string): Promise<string> {
  const parent = dirname(path);
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && parent !== path) {
      await ensureDirectory(parent);
      await mkdir(path).catch(unlessThere(path));
    } else await unlessThere(path)(error as Error);
  }
  return path;
}

function unlessThere(path: string) {
  return async (error: Error) => {
    const found = await stat(path).catch(() => null);
    if (!found?.isDirectory()) throw error;
  };
}

/** SHA-256 (64 hexadecimal digits) and bytes of a file, read as a stream. */
export async function sha256File(
  path: string,
  signal?: AbortSignal,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  source.on('data', (chunk) => {
    size += chunk.length;
  });
  await pipeline(source, hash, signal === undefined ? {} : { signal });
  return { sha256: hash.digest('hex'), size };
}

/** A second name for a file: a hard link, or a copy where the two are on different file systems. */
export async function linkOrCopy(source: string, target: string): Promise<'linked' | 'copied'> {
  try {
    await link(source, target);
    return 'linked';
  } catch (error) {
    // EPERM: file systems without hard links; EMLINK: a file with as many names as it may have.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error;
    await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return 'copied';
  }
}

/** Bytes that this process may still write to the file system of an existing path. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
