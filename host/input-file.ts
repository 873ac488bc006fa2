import { isUtf8 } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { CpiabError } from '../contract/errors.ts';
import { formatBytes } from '../contract/units.ts';

/**
 * The largest document that a person writes, bytes. The largest of the repository has 12 kB, and at this size
 * every text is still read in about a second.
 */
export const LARGEST_DOCUMENT = 250_000;

export interface TextFileOptions {
  /** The file's name in messages; its path unless told. */
  shown?: string;
  /** Bytes; `LARGEST_DOCUMENT` unless told. */
  limit?: number;
}

/**
 * Reads a text file that may be anything: never waits (as a pipe without a writer would let it), never takes
 * more memory than the limit. A byte order mark at the start is left out.
 * @throws CpiabError E1006 not there, E1030 no file, E1031 a parent is no directory, E1032 not readable,
 *   E1033 links in a circle, E1035 too large, E1036 not UTF-8.
 */
export async function readTextFile(path: string, options: TextFileOptions = {}): Promise<string> {
  const { shown = path, limit = LARGEST_DOCUMENT } = options;
  const bytes = await readWhole(path, shown, limit);
  if (!isUtf8(bytes)) throw new CpiabError('E1036', { subject: `${shown}:${placeOfBadByte(bytes)}` });
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/**
 * Looks at a path before something reads it that would wait for a pipe.
 * @throws CpiabError E1006, E1030…E1033.
 */
export async function requireFile(path: string, shown: string = path): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(cause, shown);
  });
  if (!found.isFile()) throw new CpiabError('E1030', { subject: shown, args: [kindOf(found)] });
}

async function readWhole(path: string, shown: string, limit: number): Promise<Buffer> {
  // O_NONBLOCK: opening a pipe doesn't wait for its other end. Source: fifo(7).
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw fileError(cause, shown);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new CpiabError('E1030', { subject: shown, args: [kindOf(found)] });
    return await readUpTo(file, shown, limit);
  } finally {
    await file.close();
  }
}

async function readUpTo(file: FileHandle, shown: string, limit: number): Promise<Buffer> {
  const { size } = await file.stat();
  const tooLarge = () =>
    new CpiabError('E1035', { subject: shown, args: [formatBytes(size), formatBytes(limit)] });
  if (size > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let read = 0;
  for await (const chunk of file.createReadStream({ autoClose: false })) {
    read += (chunk as Buffer).length;
    // It grows while it is read.
    if (read > limit) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** What the file system's refusal to open a file for reading means. */
export function fileError(cause: unknown, subject: string): CpiabError {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EISDIR':
      return new CpiabError('E1030', { subject, args: ['a directory'], cause });
    case 'ENOTDIR':
      return new CpiabError('E1031', { subject, cause });
    case 'EACCES':
    case 'EPERM':
      return new CpiabError('E1032', { subject, cause });
    case 'ELOOP':
      return new CpiabError('E1033', { subject, cause });
    default:
      return new CpiabError('E1006', { subject, cause });
  }
}

/** A noun phrase for what isn't a file. Source: inode(7). */
export function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a directory';
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isFIFO()) return 'a pipe';
  return found.isSocket() ? 'a socket' : 'a device';
}

/** `line:column` of the first byte that no text has. */
function placeOfBadByte(bytes: Buffer): string {
  let start = 0;
  for (let line = 1; ; line++) {
    const newline = bytes.indexOf('\n', start);
    const end = newline === -1 ? bytes.length : newline;
    const part = bytes.subarray(start, end);
    if (!isUtf8(part)) return `${line}:${part.toString('utf8').indexOf('\uFFFD') + 1}`;
    start = end + 1;
  }
}
