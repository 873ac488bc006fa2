import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { type Cache, type CachedFile, keyDigest } from '../../host/cache.ts';
import { holdWhenFree } from '../../host/hold.ts';
import { append, LEAST_PROGRESS, openPartial, type PartialFile } from '../download/partial.ts';
import { discard } from '../download/redirects.ts';
import { Retryable, withRetries } from '../download/retry.ts';
import type { Registry } from './registry.ts';

export interface BlobRequest {
  repository: string;
  /** 64 hexadecimal digits. */
  sha256: string;
  /** Bytes. */
  size: number;
}

export interface BlobContext {
  cache: Cache;
  signal: AbortSignal;
  /** Hears of bytes as they come. */
  onBytes: (count: number) => void;
  pauses?: readonly number[];
  /** Milliseconds for which a connection may bring next to nothing; a minute unless told. */
  slowMs?: number;
}

/**
 * Brings a blob into the cache's pool. What an interrupted download left is gone on with; two processes
 * that want the same blob fetch it once. Every byte is hashed on its way to the disk.
 * @throws CpiabError E2103 when it isn't what its digest says, E3054 when it is longer or shorter than its manifest
 *   says, E3016 when it ends early again and again;
 *   what `Registry.get` throws.
 */
export async function fetchBlob(
  registry: Registry,
  blob: BlobRequest,
  context: BlobContext,
): Promise<CachedFile> {
  const { cache, signal } = context;
  const file = { sha256: blob.sha256, size: blob.size, path: cache.blobPath(blob.sha256) };
  if (await isThere(file)) {
    await cache.touchBlob(file.sha256);
    return file;
  }
  const held = await holdWhenFree(holdName(cache, blob), signal);
  try {
    if (!(await isThere(file))) await download(registry, blob, file, context);
    return file;
  } finally {
    await held.release();
  }
}

/** Names of holds are short, paths of caches may not be. */
const holdName = ({ root }: Cache, { sha256 }: BlobRequest) =>
  `blob/${keyDigest('hold', { root, sha256 }).slice(0, 32)}`;

async function isThere({ path, size }: CachedFile): Promise<boolean> {
  return (await stat(path).catch(() => null))?.size === size;
}

async function download(registry: Registry, blob: BlobRequest, file: CachedFile, context: BlobContext) {
  const { cache } = context;
  const partial = join(cache.root, 'partial', blob.sha256);
  await mkdir(join(cache.root, 'partial'), { recursive: true });
  const state = await openPartial(partial, blob.size);
  const resumed = state.at > 0;
  await complete(registry, blob, state, context);
  if (state.hash.copy().digest('hex') !== blob.sha256) {
    await rm(partial, { force: true });
    // A power cut may have left what was never written: then all of it is fetched.
    if (resumed) return await download(registry, blob, file, context);
    throw new CpiabError('E2103', { subject: nameOf(registry, blob) });
  }
  await cache.adoptHashed(partial, blob);
}

/** Tries until all bytes are there. A try that brought some doesn't count. */
async function complete(registry: Registry, blob: BlobRequest, state: PartialFile, context: BlobContext) {
  const { signal, pauses } = context;
  let before = state.at;
  const attempt = async () => {
    before = state.at;
    if (state.at < blob.size || blob.size === 0) await goOn(registry, blob, state, context);
    if (state.at < blob.size) throw new Retryable(`ended after ${state.at} of ${blob.size} bytes`);
  };
  const progressed = () => state.at - before >= LEAST_PROGRESS;
  await withRetries(attempt, { signal, ...(pauses && { pauses }), progressed }).catch((cause: unknown) => {
    if (!(cause instanceof Retryable)) throw cause;
    const args: [string, string] = [String(state.at), String(blob.size)];
    throw new CpiabError('E3016', { subject: nameOf(registry, blob), args, cause });
  });
}

async function goOn(registry: Registry, blob: BlobRequest, state: PartialFile, context: BlobContext) {
  const { at } = state;
  const range: Record<string, string> = at === 0 ? {} : { range: `bytes=${at}-` };
  const answer = await registry.get(blob.repository, `blobs/sha256:${blob.sha256}`, range);
  // A server that knows no ranges sends all of it: what we have is passed over.
  const start = answer.statusCode === 206 ? at : 0;
  const length = Number(answer.headers['content-length'] ?? blob.size - start);
  if (start + length !== blob.size) {
    await discard(answer);
    throw wrongSize(registry, blob, String(start + length));
  }
  // One byte more than expected is enough to know that it is another one.
  await append(state, answer.body, { ...context, skip: at - start, size: blob.size + 1 });
  if (state.at <= blob.size) return;
  await rm(state.path);
  throw wrongSize(registry, blob, `more than ${blob.size}`);
}

function wrongSize(registry: Registry, blob: BlobRequest, found: string): CpiabError {
  return new CpiabError('E3054', { subject: nameOf(registry, blob), args: [found, String(blob.size)] });
}

const nameOf = (registry: Registry, { repository, sha256 }: BlobRequest) =>
  `${registry.host}/${repository}@sha256:${sha256}`;
