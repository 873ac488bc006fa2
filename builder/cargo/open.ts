import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CargoChunk, type CargoPapers, cargoFiles, chunkPath } from '../../contract/cargo.ts';
import { CpiabError } from '../../contract/errors.ts';
import { readPapers, type SignedManifest } from '../../host/cargo/papers.ts';
import { requireFile } from '../../host/input-file.ts';
import { formatPublicKey, type PublicKey } from '../../host/minisign.ts';
import { inTurn } from '../in-turn.ts';
import { keyOf } from '../verify/trusted-key.ts';
import { ChunkError, readChunkFile, type StoredChunk } from './chunk-store.ts';

/** A cargo whose signature has verified. */
export interface OpenCargo extends SignedManifest {
  directory: string;
  /** What another can verify it by. */
  papers: CargoPapers;
}

const READERS = 4;

/**
 * Reads the manifest; nothing of it is parsed before its signature verifies.
 * @param keyFile the sender's public key; else one of this machine's sites.
 * @throws CpiabError E1006, E2101, E2102, E2114.
 */
export async function openCargo(directory: string, keyFile: string | undefined): Promise<OpenCargo> {
  const path = join(directory, cargoFiles.manifest);
  const signaturePath = join(directory, cargoFiles.signature);
  for (const each of [path, signaturePath]) await requireFile(each);
  const [text, signature] = [await readFile(path, 'utf8'), await readFile(signaturePath, 'utf8')];
  const claim = {
    subject: path,
    signature: async () => ({ text: signature, path: signaturePath }),
    rotation: async () => null,
  };
  const key = await keyOf(claim, keyFile);
  if (key.last !== null)
    throw new CpiabError('E2102', { subject: path, args: [key.name, 'one that is not retired'] });
  return verified(directory, text, signature, key);
}

/** The same with a key that is known. @throws CpiabError E2101, E2114; what reading throws. */
export async function reopenCargo(directory: string, key: PublicKey): Promise<OpenCargo> {
  const read = (name: string) => readFile(join(directory, name), 'utf8');
  return verified(directory, await read(cargoFiles.manifest), await read(cargoFiles.signature), key);
}

function verified(directory: string, manifest: string, signature: string, key: PublicKey): OpenCargo {
  const papers = { manifest, signature, key: formatPublicKey(key) };
  return { directory, papers, ...readPapers(join(directory, cargoFiles.manifest), papers, key) };
}

/** Checks every chunk as it lies there: who has no key can do that too. @throws CpiabError E2190 naming it. */
export async function checkChunks(
  { directory, manifest }: OpenCargo,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await inTurn(manifest.chunks, { parallel: READERS, signal }, async (chunk, stop) => {
    stop.throwIfAborted();
    onBytes((await readChunk(directory, chunk)).length);
  });
}

/** A chunk's file, checked. @throws CpiabError E2190. */
export async function readChunk(directory: string, chunk: CargoChunk): Promise<Buffer> {
  const stored = placed(directory, chunk);
  return await refusing(stored, readChunkFile(stored));
}

/** Where a chunk lies. */
export function placed(directory: string, { id, sha256, size }: CargoChunk): StoredChunk {
  return { path: join(directory, chunkPath(id)), sha256, size };
}

/** @throws CpiabError E2190 for a chunk that can't be read. */
export async function refusing<Result>({ path }: StoredChunk, reading: Promise<Result>): Promise<Result> {
  return await reading.catch((cause: unknown) => {
    if (!(cause instanceof ChunkError)) throw cause;
    throw new CpiabError('E2190', { subject: path, args: [cause.message], cause });
  });
}
