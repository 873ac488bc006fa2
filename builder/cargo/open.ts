import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CargoChunk,
  type CargoManifest,
  CargoManifestSchema,
  cargoFiles,
  chunkPath,
} from '../../contract/cargo.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import { requireFile } from '../../host/input-file.ts';
import { type PublicKey, verifyBytes } from '../../host/minisign.ts';
import { inTurn } from '../in-turn.ts';
import { keyOf } from '../verify/trusted-key.ts';

/** A cargo whose signature has verified. */
export interface OpenCargo {
  directory: string;
  manifest: CargoManifest;
  /** SHA-256 of the manifest. */
  digest: string;
  /** The key that signed it, as minisign prints it. */
  key: string;
}

/** What a cargo is held against. */
export interface Expected {
  /** Milliseconds since the epoch. */
  now: number;
  /** The box that is to take it; null for any. */
  receiver: { boxId: string; fingerprint: string } | null;
  /** A sequence that was there before; 0 for none. */
  after: number;
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
  const [text, signature] = [await readFile(path), await readFile(signaturePath, 'utf8')];
  const claim = {
    subject: path,
    signature: async () => ({ text: signature, path: signaturePath }),
    rotation: async () => null,
  };
  const key = await keyOf(claim, keyFile);
  if (key.last !== null)
    throw new CpiabError('E2102', { subject: path, args: [key.name, 'one that is not retired'] });
  return parsed(directory, text, signature, key);
}

/** The same with a key that is known. @throws CpiabError E2101, E2114; what reading throws. */
export async function reopenCargo(directory: string, key: PublicKey): Promise<OpenCargo> {
  const path = join(directory, cargoFiles.manifest);
  return parsed(
    directory,
    await readFile(path),
    await readFile(join(directory, cargoFiles.signature), 'utf8'),
    key,
  );
}

function parsed(directory: string, text: Buffer, signature: string, key: PublicKey): OpenCargo {
  const path = join(directory, cargoFiles.manifest);
  if (!verifyBytes(text, signature, key)) throw new CpiabError('E2101', { subject: path });
  const manifest = parseDocument(CargoManifestSchema, text, path, 'a cargo manifest');
  return { directory, manifest, digest: createHash('sha256').update(text).digest('hex'), key: key.name };
}

/** @throws CpiabError E2191 foreign, E2192 stale, E2193 from the future, E2194 expired. */
export function requireCurrent({ directory: subject, manifest }: OpenCargo, expected: Expected): void {
  const { created, expires, sequence, receiver } = manifest;
  const { now, after, receiver: box } = expected;
  const clock = () => new Date(now).toISOString();
  const nameOf = (one: { boxId: string; fingerprint: string }) =>
    `box ${one.boxId} (${one.fingerprint.slice(0, 16)})`;
  if (box !== null && (box.boxId !== receiver.boxId || box.fingerprint !== receiver.fingerprint))
    throw new CpiabError('E2191', { subject, args: [nameOf(receiver), nameOf(box)] });
  if (sequence < after) throw new CpiabError('E2192', { subject, args: [String(sequence), String(after)] });
  if (now < Date.parse(created)) throw new CpiabError('E2193', { subject, args: [created, clock()] });
  if (now >= Date.parse(expires)) throw new CpiabError('E2194', { subject, args: [expires, clock()] });
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
export async function readChunk(directory: string, { id, sha256, size }: CargoChunk): Promise<Buffer> {
  const path = join(directory, chunkPath(id));
  const refuse = (why: string, cause?: unknown) =>
    new CpiabError('E2190', { subject: path, args: [why], cause });
  const file = await open(path).catch((cause: unknown) => {
    throw refuse('a chunk is missing', cause);
  });
  try {
    // One byte more, so that what is too long is seen; never the whole of it.
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size + 1), 0, size + 1, 0);
    const bytes = buffer.subarray(0, bytesRead);
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw refuse('a chunk is not what was sealed');
    return bytes;
  } finally {
    await file.close();
  }
}
