import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openAge, sealAge } from '../../host/age/age.ts';
import type { Identity, Recipient } from '../../host/age/keys.ts';
import { release } from '../../host/release.ts';
import { packPatch, packWhole, unpack } from './chunk-file.ts';

/** A chunk's file, and what it must be. */
export interface StoredChunk {
  path: string;
  sha256: string;
  size: number;
}

/** A chunk that is missing, or not what was sealed. */
export class ChunkError extends Error {
  override readonly name = 'ChunkError';
}

/** A chunk's file, checked. @throws ChunkError. */
export async function readChunkFile({ path, sha256, size }: StoredChunk): Promise<Buffer> {
  const file = await open(path).catch((cause: unknown) => {
    throw new ChunkError('a chunk is missing', { cause });
  });
  try {
    // One byte more, so that what is too long is seen; never the whole of it.
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size + 1), 0, size + 1, 0);
    const bytes = buffer.subarray(0, bytesRead);
    if (sha256Of(bytes) !== sha256) throw new ChunkError('a chunk is not what was sealed');
    return bytes;
  } finally {
    await file.close();
  }
}

/** A chunk's content. @param base of a patch. @throws ChunkError. */
export async function readContent(
  chunk: StoredChunk,
  base: StoredChunk | null,
  identities: readonly Identity[],
): Promise<Buffer> {
  const dictionary = base === null ? undefined : await readContent(base, null, identities);
  const file = await readChunkFile(chunk);
  try {
    return opened(file, dictionary, identities);
  } catch (cause) {
    throw new ChunkError('a chunk was sealed for somebody else, or of something else', { cause });
  }
}

/** @throws AgeError, Error of zlib. */
function opened(file: Buffer, dictionary: Buffer | undefined, identities: readonly Identity[]): Buffer {
  const packed = openAge(file, identities);
  release(file);
  const content = unpack(packed, dictionary);
  release(packed);
  return content;
}

/** Who reads what is written: the receiver, and the sender again. */
export interface StoreKeys {
  recipients: readonly Recipient[];
  identities: readonly Identity[];
}

/** What was written, or was there. */
export interface SealedChunk {
  sha256: string;
  size: number;
  isPatch: boolean;
  isNew: boolean;
}

/** Writes a chunk, as a patch where that is worth it. One that a seal before has written whole is left. */
export async function writeChunk(
  path: string,
  content: Buffer,
  base: StoredChunk | null,
  { recipients, identities }: StoreKeys,
): Promise<SealedChunk> {
  const left = await leftOf(path, content, identities);
  if (left !== null) return { ...described(left), isPatch: false, isNew: false };
  const patch = await patchTo(base, content, identities);
  const packed = patch ?? packWhole(content);
  const file = sealAge(packed, recipients);
  release(packed);
  // Not awaited: in this thread an answer would wait until the next chunk is compressed.
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, file);
  renameSync(`${path}.new`, path);
  const found = { ...described(file), isPatch: patch !== null, isNew: true };
  release(file);
  return found;
}

/** What a seal that was cut off has written. A file that a power cut has spoilt is none. */
async function leftOf(
  path: string,
  content: Buffer,
  identities: readonly Identity[],
): Promise<Buffer | null> {
  const file = await readFile(path).catch(() => null);
  if (file === null) return null;
  try {
    return unpack(openAge(file, identities), undefined).equals(content) ? file : null;
  } catch {
    return null;
  }
}

async function patchTo(
  base: StoredChunk | null,
  content: Buffer,
  identities: readonly Identity[],
): Promise<Buffer | null> {
  if (base === null) return null;
  const before = await readContent(base, null, identities).catch((error: unknown) => {
    if (error instanceof ChunkError) return null;
    throw error;
  });
  return before === null ? null : packPatch(content, before);
}

const described = (file: Buffer) => ({ sha256: sha256Of(file), size: file.length });

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
