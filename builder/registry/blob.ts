import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import { type Cache, type CachedFile, keyDigest } from '../../host/cache.ts';
import { holdWhenFree } from '../../host/hold.ts';
import type { Registry } from './registry.ts';
import { Retryable, withRetries } from './retry.ts';

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
}

/**
 * Brings a blob into the cache's pool. What an interrupted download left is gone on with; two processes
 * that want the same blob fetch it once. Every byte is hashed on its way to the disk.
 * @throws CpiabError E2103 when it isn't what its digest says, E3016 when it ends early again and again;
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
    await cache.touch(file.path);
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

interface Download {
  partial: string;
  /** Over the bytes that are there. */
  hash: Hash;
  /** Bytes that are there. */
  at: number;
}

async function download(registry: Registry, blob: BlobRequest, file: CachedFile, context: BlobContext) {
  const { cache } = context;
  const partial = join(cache.root, 'partial', blob.sha256);
  await mkdir(join(cache.root, 'partial'), { recursive: true });
  const state = await resume(partial, blob.size);
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

/** The hash over what an earlier download left; more than the whole blob is thrown away. */
async function resume(partial: string, size: number): Promise<Download> {
  const there = (await stat(partial).catch(() => null))?.size ?? 0;
  const hash = createHash('sha256');
  if (there > size) await rm(partial);
  if (there === 0 || there > size) return { partial, hash, at: 0 };
  const source = createReadStream(partial, { highWaterMark: 1 << 20 });
  for await (const chunk of source) hash.update(chunk as Buffer);
  return { partial, hash, at: there };
}

/** Tries until all bytes are there. A try that brought some doesn't count. */
async function complete(registry: Registry, blob: BlobRequest, state: Download, context: BlobContext) {
  const { signal, pauses } = context;
  let before = state.at;
  const attempt = async () => {
    before = state.at;
    if (state.at < blob.size || blob.size === 0) await append(registry, blob, state, context);
    if (state.at < blob.size) throw new Retryable(`ended after ${state.at} of ${blob.size} bytes`);
  };
  const progressed = () => state.at > before;
  await withRetries(attempt, { signal, ...(pauses && { pauses }), progressed }).catch((cause: unknown) => {
    if (!(cause instanceof Retryable)) throw cause;
    const args: [string, string] = [String(state.at), String(blob.size)];
    throw new CpiabError('E3016', { subject: nameOf(registry, blob), args, cause });
  });
}

async function append(registry: Registry, blob: BlobRequest, state: Download, context: BlobContext) {
  const range: Record<string, string> = state.at === 0 ? {} : { range: `bytes=${state.at}-` };
  const answer = await registry.get(blob.repository, `blobs/sha256:${blob.sha256}`, range);
  // A server that knows no ranges sends all of it: what we have is passed over.
  let skip = answer.statusCode === 206 ? 0 : state.at;
  const take = new Transform({
    transform(chunk: Buffer, _, done) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length), skip + blob.size - state.at);
      skip -= Math.min(skip, chunk.length);
      state.at += fresh.length;
      state.hash.update(fresh);
      context.onBytes(fresh.length);
      done(null, fresh);
    },
  });
  const sink = createWriteStream(state.partial, { flags: 'a', flush: true, highWaterMark: 1 << 20 });
  try {
    await pipeline(answer.body, take, sink, { signal: context.signal });
  } catch (cause) {
    context.signal.throwIfAborted();
    // What was hashed may not have reached the disk.
    Object.assign(state, await resume(state.partial, blob.size));
    throw new Retryable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const nameOf = (registry: Registry, { repository, sha256 }: BlobRequest) =>
  `${registry.host}/${repository}@sha256:${sha256}`;
