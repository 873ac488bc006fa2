import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { received } from './pace.ts';

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

/** A try that brings less counts as one that brought nothing: else a server that drips is asked for ever. */
export const LEAST_PROGRESS = 64 << 10;

/** What of an answer is to be kept. */
export interface Wanted {
  /** Bytes at its beginning that are there already. */
  skip: number;
  /** Bytes of the whole file, at which reading ends. */
  size: number;
  signal: AbortSignal;
  /** Hears of bytes as they come. */
  onBytes: (count: number) => void;
  /** Milliseconds for which it may bring next to nothing; a minute unless told. */
  slowMs?: number | undefined;
}

/**
 * Appends an answer's body, hashed on its way to the disk.
 * @throws Retryable when it breaks off or drips; what came is kept.
 */
export async function append(
  partial: PartialFile,
  body: Readable,
  { size, onBytes, ...wanted }: Wanted,
): Promise<void> {
  let { skip } = wanted;
  const file = await open(partial.path, 'a');
  try {
    for await (const chunk of received(body, wanted)) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length), skip + size - partial.at);
      skip -= Math.min(skip, chunk.length);
      await file.appendFile(fresh);
      partial.hash.update(fresh);
      partial.at += fresh.length;
      onBytes(fresh.length);
      // Without a length, what comes may have no end.
      if (partial.at >= size) break;
    }
  } finally {
    await file.sync();
    await file.close();
  }
}
