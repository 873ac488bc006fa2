import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ChunkIndex, ChunkIndexSchema, chunkBytes, indexName } from '../../contract/chunk-index.ts';
import { CpiabError } from '../../contract/errors.ts';
import { digestOf } from '../../contract/manifest.ts';
import { stableJson } from '../../host/cache.ts';
import { writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';
import { leafHash, rootOf } from '../../host/merkle.ts';
import type { PublicKey } from '../../host/minisign.ts';
import { verifyExact } from '../verify/verify.ts';
import { oneAhead } from './ahead.ts';
import { chunkNumbers, readChunk, wholeMedium } from './piece.ts';

/** An index of 1 TiB has 70 MB: more is not read into memory, as it is not trusted yet. */
const MOST_BYTES = 128 << 20;

/** An index whose signature has verified, with its files' text. */
export interface SignedIndex {
  /** Where it was read. */
  path: string;
  index: ChunkIndex;
  text: string;
  /** Text of the minisign signature. */
  signature: string;
}

/** Reads a medium once, for its index. */
export async function makeIndex(
  path: string,
  about: Pick<ChunkIndex, 'medium' | 'site' | 'sequence' | 'revision'>,
  signal: AbortSignal,
): Promise<ChunkIndex> {
  const digest = createHash('sha256');
  const chunks: string[] = [];
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const whole = wholeMedium(path, { size });
    const read = (chunk: number, buffer: Buffer) => readChunk(file, whole, { size }, chunk, buffer);
    for await (const { read: bytes } of oneAhead(chunkNumbers(whole), signal, read)) {
      digest.update(bytes);
      chunks.push(leafHash(bytes));
    }
    return ChunkIndexSchema.parse({
      apiVersion: 'cpiab.dev/v1',
      kind: 'ChunkIndex',
      ...about,
      size,
      digest: digestOf(digest.digest('hex')),
      chunkSize: chunkBytes,
      root: rootOf(chunks),
      chunks,
    });
  } finally {
    await file.close();
  }
}

/** Where the index of a medium lies, for a file in a directory. */
export const indexPath = (directory: string, medium: string) => join(directory, indexName(medium));

export const signaturePath = (path: string) => `${path}.minisig`;

/** Text of the signature beside an index, not yet checked. @throws CpiabError E2401. */
export const readSignature = (path: string) => readSmall(signaturePath(path));

/** Signs an index and writes both files. @param sign makes minisign's text of an index's bytes. */
export async function writeIndex(
  directory: string,
  index: ChunkIndex,
  sign: (bytes: Buffer) => string,
): Promise<SignedIndex> {
  const text = `${stableJson(index, 1)}\n`;
  const path = indexPath(directory, index.medium);
  const signed = { path, index, text, signature: sign(Buffer.from(text)) };
  await putIndex(directory, signed);
  return signed;
}

/** Writes both files of an index into a directory. */
export async function putIndex(directory: string, { index, text, signature }: SignedIndex): Promise<void> {
  const path = indexPath(directory, index.medium);
  await writeAtomic(path, text);
  await writeAtomic(signaturePath(path), signature);
}

/**
 * Reads an index; nothing of it is looked at before its signature verifies.
 * @throws CpiabError E2401 when it or its signature isn't there, E2101 when the key didn't sign it, E2402 when
 *   it is signed and yet no index of the medium.
 */
export async function readIndex(path: string, medium: string, key: PublicKey): Promise<SignedIndex> {
  const text = await readSmall(path);
  const signature = await readSignature(path);
  if (!verifyExact(createHash('blake2b512').update(text).digest(), signature, key))
    throw new CpiabError('E2101', { subject: path });
  const refuse = (why: string, cause?: unknown) =>
    new CpiabError('E2402', { subject: path, args: [why], cause });
  const parsed = ChunkIndexSchema.safeParse(jsonOrNull(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'no JSON'}`, parsed.error);
  }
  const index = parsed.data;
  if (index.medium !== medium) throw refuse(`it is one of ${index.medium}`);
  if (rootOf(index.chunks) !== index.root) throw refuse('its root is not that of its chunks');
  return { path, index, text, signature };
}

/** A small file's text, or null where there is none. */
export async function readText(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** @throws CpiabError E2401 for a file that isn't there. */
async function readSmall(path: string): Promise<string> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new CpiabError('E2401', { subject: dirname(path), args: [basename(path)], cause });
  });
  if (size > MOST_BYTES) throw new CpiabError('E2402', { subject: path, args: [`it has ${size} bytes`] });
  return await readFile(path, 'utf8');
}
