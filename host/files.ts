import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
 * The same for content that comes bit by bit, by way of `PATH.new`: one writer at a time.
 * @throws what the content throws, or the file system; the `.new` file is gone then.
 */
export async function streamAtomic(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { mode = 0o644, signal }: WriteOptions & { signal: AbortSignal },
): Promise<void> {
  const fresh = `${path}.new`;
  // Open before anything can fail: a stream that opens it by itself may do so after the file was removed.
  const file = await open(fresh, 'w', mode);
  try {
    await pipeline(content, file.createWriteStream(), { signal });
    await renameDurably(fresh, path);
  } catch (error) {
    await file.close();
    await rm(fresh, { force: true });
    throw error;
  }
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

/** Waits until a directory is on the disk with all that is below it. */
export async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile() || entry.isDirectory()) await syncPath(join(entry.parentPath, entry.name));
  await syncPath(directory);
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

/** Bytes that are read at a time. One piece of memory takes them all, so that nothing has to be collected. */
const PIECE = 1 << 18;

/** SHA-256 (64 hexadecimal digits) and bytes of a file, read piece by piece. */
export async function sha256File(
  path: string,
  signal?: AbortSignal,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(PIECE);
  const file = await open(path);
  let size = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(piece, 0, PIECE, size);
      if (bytesRead === 0) return { sha256: hash.digest('hex'), size };
      hash.update(piece.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Bytes of a file or block device from a position on: as many as there are, `length` at most. */
export async function bytesAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
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

/**
 * A second name for what nobody will change: a clone where the file system knows how, else a hard link
 * that is made read-only for all its names, else a copy. No byte is written unless it must be.
 */
export async function share(source: string, target: string): Promise<void> {
  const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;
  const cloned = await copyFile(source, target, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );
  // Somebody else's file keeps its mode: then it is theirs to look after.
  if (!cloned && (await linkOrCopy(source, target)) === 'linked') await chmod(target, 0o444).catch(() => {});
}

/** Bytes that this process may still write to the file system of an existing path. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** The directory itself, or the nearest one above it that is there. @throws ENOTDIR when a file is in its way. */
export async function nearestDirectory(path: string): Promise<string> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && dirname(path) !== path) return null;
    throw error;
  });
  if (found === null) return await nearestDirectory(dirname(path));
  if (found.isDirectory()) return path;
  throw Object.assign(new Error(`ENOTDIR: not a directory, ${path}`), { code: 'ENOTDIR', path });
}
