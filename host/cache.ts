import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { CpiabError } from '../contract/errors.ts';
import { sha256File, writeAtomic } from './files.ts';

/** A file in the pool. */
export interface CachedFile {
  /** SHA-256, 64 hexadecimal digits. */
  sha256: string;
  /** Bytes. */
  size: number;
  path: string;
}

/** What a product record keeps of a file: everything but where the pool is. */
type FileRecord = Omit<CachedFile, 'path'>;

/** Everything that decides a product's content. Must serialise to stable JSON. */
export type CacheKey = Record<string, unknown>;

/** `$CPIAB_CACHE`, else `<cache home>/cpiab` as in the XDG Base Directory Specification. An empty or relative one isn't set. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const configured = env['XDG_CACHE_HOME'] ?? '';
  const home = isAbsolute(configured) ? configured : join(homedir(), '.cache');
  return resolve(env['CPIAB_CACHE'] || join(home, 'cpiab'));
}

/**
 * The build cache: one pool of files named by content, records of which inputs gave which files,
 * and directory trees. Every entry appears by one rename, so two builds may share a cache, a
 * killed build leaves only `tmp/`, and any part may be deleted at any time.
 */
export class Cache {
  readonly root: string;
  /** Digests of pool files that this process has hashed: what they are is known, not believed. */
  readonly #hashed = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  /** Path a pool file has, whether or not it is there. */
  blobPath(sha256: string): string {
    return join(this.root, 'blobs', 'sha256', sha256);
  }

  get pool(): string {
    return join(this.root, 'blobs', 'sha256');
  }

  /**
   * Removes what builds that were killed left behind: scratch directories not touched since a time,
   * milliseconds. By the time of their last change that nobody can set: what is unpacked into one may
   * give it the time that it has in the archive.
   */
  async sweep(before: number): Promise<void> {
    const parent = join(this.root, 'tmp');
    for (const name of await readdir(parent).catch(() => [])) {
      const found = await stat(join(parent, name)).catch(() => null);
      if (found !== null && found.ctimeMs < before)
        await rm(join(parent, name), { recursive: true, force: true });
    }
  }

  /** A fresh directory on the cache's file system; the caller removes or renames it. */
  async scratch(prefix: string): Promise<string> {
    const parent = join(this.root, 'tmp');
    await mkdir(parent, { recursive: true });
    return await mkdtemp(join(parent, `${prefix}-`));
  }

  /** Moves a finished file into the pool. */
  async adopt(path: string): Promise<CachedFile> {
    return await this.adoptHashed(path, await sha256File(path));
  }

  /** The same for a file that was hashed while it was written. */
  async adoptHashed(path: string, { sha256, size }: FileRecord): Promise<CachedFile> {
    await mkdir(this.pool, { recursive: true });
    await rename(path, this.blobPath(sha256));
    this.#hashed.add(sha256);
    return { sha256, size, path: this.blobPath(sha256) };
  }

  /** Notes that a pool file was used: beside it, as bundles share the file and its times. */
  async touchBlob(sha256: string): Promise<void> {
    await mkdir(join(this.root, 'used'), { recursive: true }).catch(() => {});
    await writeFile(this.usePath(sha256), '').catch(() => {});
    await this.touch(this.usePath(sha256));
  }

  /** Path whose time says when a pool file that no record names was used. */
  usePath(sha256: string): string {
    return join(this.root, 'used', sha256);
  }

  /** Notes that a record or tree was used, which is what decides how long it stays. */
  async touch(path: string): Promise<void> {
    const now = new Date();
    // The cache may belong to somebody else, or be gone meanwhile: neither is this use's business.
    await utimes(path, now, now).catch(() => {});
  }

  /** Puts bytes into the pool; a damaged file of that name is mended. */
  async put(bytes: Uint8Array | string): Promise<CachedFile> {
    const data = Buffer.from(bytes);
    const sha256 = createHash('sha256').update(data).digest('hex');
    const path = this.blobPath(sha256);
    const present = (await hasSize(path, data.length)) && data.equals(await readFile(path));
    if (!present) {
      await mkdir(this.pool, { recursive: true });
      await writeAtomic(path, data);
    }
    this.#hashed.add(sha256);
    return { sha256, size: data.length, path };
  }

  /**
   * Reads a pool file that something else will be made of, as records are trusted by size alone. Each
   * file is read once a process.
   * @throws CpiabError E3010 when it isn't what its name says; it is out of the pool then.
   */
  async check(file: CachedFile, signal?: AbortSignal): Promise<CachedFile> {
    if (this.#hashed.has(file.sha256)) return file;
    const { sha256 } = await sha256File(file.path, signal);
    if (sha256 !== file.sha256) await this.discard(file);
    this.#hashed.add(sha256);
    return file;
  }

  /** Takes a damaged file out of the pool, so that the next build makes it anew. @throws CpiabError E3010 always. */
  async discard({ sha256 }: CachedFile): Promise<never> {
    this.#hashed.delete(sha256);
    await rm(this.blobPath(sha256), { force: true });
    throw new CpiabError('E3010', { subject: `sha256:${sha256} (${this.blobPath(sha256)})` });
  }

  /**
   * The files a product consists of: from the pool when a record of the same key exists and all its
   * files are there, else made by `produce` in a scratch directory and adopted.
   * @param produce returns name → path of each finished file.
   */
  async files<Name extends string>(
    kind: string,
    key: CacheKey,
    produce: (scratch: string) => Promise<Record<Name, string>>,
  ): Promise<{ files: Record<Name, CachedFile>; cached: boolean }> {
    const record = this.#record(kind, key);
    const known = await this.#read(record);
    if (known !== null) {
      await this.touch(record);
      return { files: known as Record<Name, CachedFile>, cached: true };
    }
    const scratch = await this.scratch(kind);
    try {
      const made: Record<string, CachedFile> = {};
      for (const [name, path] of Object.entries<string>(await produce(scratch))) {
        made[name] = await this.adopt(path);
      }
      await mkdir(join(this.root, 'products', kind), { recursive: true });
      await writeAtomic(record, `${JSON.stringify(withoutPaths(made), null, 1)}\n`);
      return { files: made as Record<Name, CachedFile>, cached: false };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** The files of a product that was made before; null when it, or one of its files, is not there. */
  async peek(kind: string, key: CacheKey): Promise<Record<string, CachedFile> | null> {
    return await this.#read(this.#record(kind, key));
  }

  /** Whether a tree was made before. */
  async hasTree(kind: string, key: CacheKey): Promise<boolean> {
    return await exists(join(this.root, 'trees', kind, keyDigest(kind, key)));
  }

  /** A directory tree of a key, made by `fill` in a scratch directory when it isn't there. */
  async tree(
    kind: string,
    key: CacheKey,
    fill: (directory: string) => Promise<void>,
  ): Promise<{ path: string; cached: boolean }> {
    const path = join(this.root, 'trees', kind, keyDigest(kind, key));
    if (await exists(path)) {
      await this.touch(path);
      return { path, cached: true };
    }
    const scratch = await this.scratch(kind);
    try {
      await fill(scratch);
      await mkdir(join(this.root, 'trees', kind), { recursive: true });
      await rename(scratch, path).catch(async (error: NodeJS.ErrnoException) => {
        // Another build made the same tree first.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
      await this.touch(path);
      return { path, cached: false };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  #record(kind: string, key: CacheKey): string {
    return join(this.root, 'products', kind, `${keyDigest(kind, key)}.json`);
  }

  async #read(record: string): Promise<Record<string, CachedFile> | null> {
    const known = await readRecord(record);
    if (known === null) return null;
    const files: Record<string, CachedFile> = {};
    for (const [name, file] of Object.entries(known)) {
      const path = this.blobPath(file.sha256);
      if (!(await hasSize(path, file.size))) return null;
      files[name] = { ...file, path };
    }
    return files;
  }
}

/** A record, or null when there is none or it is damaged. */
async function readRecord(path: string): Promise<Record<string, FileRecord> | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, FileRecord>;
  } catch {
    return null;
  }
}

/** Digest of a key: SHA-256 over its JSON with sorted member names. */
export function keyDigest(kind: string, key: CacheKey): string {
  return createHash('sha256')
    .update(`${kind}\n${stableJson(key)}`)
    .digest('hex');
}

/** JSON with object members in code-unit order, so that equal values give equal bytes. */
export function stableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, member: unknown) => sortMembers(member), indent);
}

function sortMembers(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

/** A name for a temporary file beside its final one. */
export function temporaryName(path: string): string {
  return `${path}.${randomBytes(4).toString('hex')}.new`;
}

function withoutPaths(files: Record<string, CachedFile>): Record<string, FileRecord> {
  return Object.fromEntries(
    Object.entries(files).map(([name, { sha256, size }]) => [name, { sha256, size }]),
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function hasSize(path: string, size: number): Promise<boolean> {
  return await stat(path).then(
    (found) => found.size === size,
    () => false,
  );
}
