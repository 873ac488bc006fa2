import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Retryable } from '../registry/retry.ts';

/** What of a file has come. */
export interface PartialFile {
  path: string;
  /** Over the bytes that are there. */
  hash: Hash;
  /** Bytes that are there. */
  at: number;
}

/** What an earlier download left, hashed; more than the whole file is thrown away. */
export async function openPartial(path: string, size = Number.POSITIVE_INFINITY): Promise<PartialFile> {
  const there = (await stat(path).catch(() => null))?.size ?? 0;
  const hash = createHash('sha256');
  if (there > size) await rm(path);
  if (there === 0 || there > size) return { path, hash, at: 0 };
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  for await (const chunk of source) hash.update(chunk as Buffer);
  return { path, hash, at: there };
}

/** What of an answer is to be kept. */
export interface Wanted {
  /** Bytes at its beginning that are there already. */
  skip: number;
  /** Bytes of the whole file, beyond which nothing is kept. */
  size: number;
  signal: AbortSignal;
  /** Hears of bytes as they come. */
  onBytes: (count: number) => void;
}

/** Appends an answer's body, hashed on its way to the disk. @throws Retryable when it breaks off; what came is kept. */
export async function append(
  partial: PartialFile,
  body: Readable,
  { size, signal, ...wanted }: Wanted,
): Promise<void> {
  let { skip } = wanted;
  const take = new Transform({
    transform(chunk: Buffer, _, done) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length), skip + size - partial.at);
      skip -= Math.min(skip, chunk.length);
      partial.at += fresh.length;
      partial.hash.update(fresh);
      wanted.onBytes(fresh.length);
      done(null, fresh);
    },
  });
  const sink = createWriteStream(partial.path, { flags: 'a', flush: true, highWaterMark: 1 << 20 });
  try {
    await pipeline(body, take, sink, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    // What was hashed may not have reached the disk.
    Object.assign(partial, await openPartial(partial.path, size));
    throw new Retryable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
