import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { type FileHandle, open, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import { hashing } from '../../host/hashing.ts';
import { fileError } from '../../host/input-file.ts';

/** A piece of a published part. */
export interface Piece {
  /** 64 hexadecimal digits. */
  sha256: string;
  /** Bytes; null where only the digest is known. */
  size: number | null;
  /** More bytes are not read. */
  most: number;
  /** The part, and what of it this is; for messages. */
  title: string;
  /** Paths below the folder at which it may lie beside those that tell its digest. */
  names: readonly string[];
  /** What would put it there. */
  remedy: string;
}

interface Taking {
  signal: AbortSignal;
  /** Hears of bytes as they come. */
  onBytes: (count: number) => void;
}

/**
 * A folder of parts that somebody carried in: an OCI image layout, blobs by digest, files by name. Anybody may
 * have written it, and may still be writing: what is taken is copied and hashed on its way.
 */
export class Folder {
  readonly root: string;
  /** Without links. */
  readonly #inside: string;

  private constructor(root: string, inside: string) {
    this.root = root;
    this.#inside = inside;
  }

  /** @throws CpiabError E1006, E1031…E1033 when it is no folder that can be read. */
  static async open(root: string): Promise<Folder> {
    const refused = (cause: unknown) => {
      throw fileError(cause, root);
    };
    const inside = await realpath(root).catch(refused);
    const found = await stat(inside).catch(refused);
    if (!found.isDirectory()) throw new CpiabError('E1031', { subject: root });
    return new Folder(root, inside);
  }

  /**
   * Copies a piece into the cache's pool, unless it is there. Of several files that could be it, the one is
   * taken that has its digest.
   * @throws CpiabError E3090 when the folder lacks it, E2103 when what lies there is something else: nothing of
   *   it is kept; E3091 when a link leads out, E1032 and E1033 when it can't be read.
   */
  async take(piece: Piece, cache: Cache, taking: Taking): Promise<CachedFile> {
    const kept = await inPool(piece, cache);
    if (kept !== null) return kept;
    let other: string | null = null;
    for (const name of [`blobs/sha256/${piece.sha256}`, piece.sha256, ...piece.names]) {
      const source = await this.#open(name);
      if (source === null) continue;
      const file = await copied(source, piece, cache, taking);
      if (file !== null) return file;
      other ??= name;
    }
    const { title, remedy } = piece;
    if (other === null) throw new CpiabError('E3090', { subject: title, args: [this.root, remedy] });
    throw new CpiabError('E2103', { subject: `${join(this.root, other)}, for ${title}` });
  }

  /** A plain file below the folder; null where there is none. */
  async #open(name: string): Promise<FileHandle | null> {
    const path = join(this.root, name);
    const real = await realpath(path).catch(unlessAbsent(path));
    if (real === null) return null;
    if (!real.startsWith(`${this.#inside}${sep}`))
      throw new CpiabError('E3091', { subject: path, args: [real] });
    // O_NONBLOCK: opening a pipe doesn't wait for its other end. Source: fifo(7).
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
    const file = await open(real, flags).catch(unlessAbsent(path));
    if (file === null || (await file.stat()).isFile()) return file;
    await file.close();
    return null;
  }
}

function unlessAbsent(path: string) {
  return (cause: unknown): null => {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENXIO') return null;
    throw fileError(cause, path);
  };
}

/** Trusted by its size, as by every download; without one to go by, it is read. */
async function inPool({ sha256, size }: Piece, cache: Cache): Promise<CachedFile | null> {
  const path = cache.blobPath(sha256);
  const found = await stat(path).catch(() => null);
  if (found === null || (size !== null && found.size !== size)) return null;
  await cache.touchBlob(sha256);
  const file = { sha256, size: found.size, path };
  return size === null ? await cache.check(file) : file;
}

/** The copy in the pool; null when it isn't what was asked for. Closes the source. */
async function copied(
  source: FileHandle,
  { sha256, size, most }: Piece,
  cache: Cache,
  { signal, onBytes }: Taking,
): Promise<CachedFile | null> {
  const scratch = await cache.scratch('carried');
  try {
    const found = await source.stat();
    if (found.size > most || (size !== null && found.size !== size)) return null;
    const copy = join(scratch, sha256);
    const hash = createHash('sha256');
    // It may grow while it is read: no more of it is taken than it had.
    const bytes = source.createReadStream({ start: 0, end: Math.max(0, found.size - 1), autoClose: false });
    await pipeline(bytes, hashing(hash, onBytes), createWriteStream(copy, { flush: true }), { signal });
    if (hash.digest('hex') !== sha256) return null;
    return await cache.adoptHashed(copy, { sha256, size: (await stat(copy)).size });
  } finally {
    await source.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
