import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles } from '../../contract/layout.ts';
import { type Blob, type Digest, digestOf, hexOf, type Manifest } from '../../contract/manifest.ts';

/** A file whose content the manifest fixes. */
export interface Expected {
  digest: Digest;
  /** Bytes; null where the manifest doesn't say. */
  size: number | null;
  path: string;
  /** What it is for. */
  purpose: string;
}

/** Told how many bytes are done, of how many in all. */
export type ProgressListener = (done: number, total: number) => void;
/** Gives a file's SHA-256, 64 hexadecimal digits. */
export type Hasher = (path: string, size: number, signal: AbortSignal) => Promise<string>;

/**
 * Every file that the manifest fixes, once: by its name on the medium when it is in use from there
 * (a kernel, a module), else in the pool. Small ones first, as early work waits for those.
 * @param medium directory where the medium is mounted.
 */
export function expectedFiles(manifest: Manifest, medium: string, bundle: string): Expected[] {
  const inUse = new Map(Object.entries(manifest.links).map(([path, digest]) => [digest, join(medium, path)]));
  const pooled = (digest: Digest) => join(bundle, bundleFiles.blobs, hexOf(digest));
  const blobs = manifest.blobs.map((blob) => ({
    digest: blob.digest,
    size: blob.size,
    path: inUse.get(blob.digest) ?? pooled(blob.digest),
    purpose: purposeOf(blob, manifest),
  }));
  const files = Object.entries(manifest.files).map(([name, digest]) => ({
    digest,
    size: null,
    path: join(bundle, name),
    purpose: name,
  }));
  return [...files, ...blobs.toSorted((a, b) => a.size - b.size)];
}

function purposeOf(blob: Blob, { links }: Manifest): string {
  const link = Object.keys(links).find((path) => links[path] === blob.digest);
  return `${blob.role} of ${link ?? blob.for.join(', ')}`;
}

/**
 * Hashes files, a fixed number of them at a time, each exactly once, in their order. Others may wait
 * for single ones meanwhile. The first wrong file ends it, and nobody who waits goes on.
 */
export class BlobCheck {
  readonly #queue: Expected[];
  readonly #hash: Hasher;
  readonly #good = new Map<Digest, () => void>();
  readonly #waits = new Map<Digest, Promise<void>>();
  readonly #total: number;
  #bytes = 0;
  #onProgress: ProgressListener = () => {};

  constructor(files: Expected[], hash: Hasher) {
    this.#queue = [...files];
    this.#hash = hash;
    this.#total = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
    for (const { digest } of files) {
      this.#waits.set(digest, new Promise((resolve) => this.#good.set(digest, resolve)));
    }
  }

  /** Bytes found good so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes all content as good, when an earlier check still holds. */
  trustAll(): void {
    for (const resolve of this.#good.values()) resolve();
  }

  /** Resolves when the blob's content is known to be good; never, when it isn't. */
  async verified(digest: Digest): Promise<void> {
    const wait = this.#waits.get(digest);
    if (wait === undefined) throw new Error(`${digest} is not in the manifest`);
    await wait;
  }

  /**
   * Checks all files. To be called once.
   * @param lanes how many at a time.
   * @throws CpiabError E2103 naming the first wrong blob and what it is for, E2105 when one is missing.
   */
  async checkAll(lanes: number, signal: AbortSignal, onProgress: ProgressListener): Promise<void> {
    this.#onProgress = onProgress;
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const work = async () => {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await this.#check(next, both);
      }
    };
    try {
      await Promise.all(Array.from({ length: lanes }, work));
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  }

  async #check({ digest, size, path, purpose }: Expected, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const subject = `${digest} (${purpose})`;
    const found = await this.#hash(path, size ?? 0, signal).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new CpiabError('E2105', { subject, cause });
    });
    if (digestOf(found) !== digest) throw new CpiabError('E2103', { subject });
    this.#good.get(digest)?.();
    this.#bytes += size ?? 0;
    this.#onProgress(this.#bytes, this.#total);
  }
}
