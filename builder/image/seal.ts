import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import { bytesAt } from '../../host/files.ts';

/** A medium's seal, and the hash of the bytes it must cover. */
export interface Sealed {
  /** Text of the minisign signature. */
  signature: string;
  /** BLAKE2b-512 of the sealed bytes. */
  hash: Buffer;
}

/** Turns BLAKE2b-512 of the sealed bytes into the text of a minisign signature. */
export type Signer = (hash: Buffer) => string;

/** Application Use field of the primary volume descriptor. Source: ECMA-119 section 8.4.32, sector 16. */
const FIELD = { start: 16 * 2048 + 883, length: 512 };
/** Magic number of a skippable frame, 0x184D2A5C (the low nibble is ours to choose). Source: RFC 8878 section 3.1.2. */
const SKIPPABLE = Buffer.from([0x5c, 0x2a, 0x4d, 0x18]);
/** The frame is as long as the field, so that a reader finds it from the file's end. */
const FRAME = SKIPPABLE.length + 4 + FIELD.length;

/** Signs an ISO with its Application Use field all zero, and writes the signature into that field. */
export async function sealIso(path: string, sign: Signer, signal: AbortSignal): Promise<void> {
  const text = padded(sign(await isoHash(path, signal)));
  const file = await open(path, 'r+');
  try {
    await file.write(text, 0, text.length, FIELD.start);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @throws CpiabError E2107 when the ISO has no seal. */
export async function readIsoSeal(path: string, signal: AbortSignal): Promise<Sealed> {
  const signature = unpadded(await bytesAt(path, FIELD.start, FIELD.length), path);
  return { signature, hash: await isoHash(path, signal) };
}

/** The frame that seals a tarball when appended to it: every Zstandard decoder skips it. */
export async function tarballSeal(path: string, sign: Signer, signal: AbortSignal): Promise<Buffer> {
  const text = padded(sign(await fileHash(path, signal)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([SKIPPABLE, length, text]);
}

/** @throws CpiabError E2107 when the tarball has no seal. */
export async function readTarballSeal(path: string, signal: AbortSignal): Promise<Sealed> {
  const { size } = await stat(path);
  const frame = await bytesAt(path, Math.max(size - FRAME, 0), FRAME);
  const isSeal = frame.subarray(0, 4).equals(SKIPPABLE) && frame.readUInt32LE(4) === FIELD.length;
  if (!isSeal) throw new CpiabError('E2107', { subject: path });
  const signature = unpadded(frame.subarray(8), path);
  return { signature, hash: await hashRange(createHash('blake2b512'), path, 0, size - FRAME, signal) };
}

async function fileHash(path: string, signal: AbortSignal): Promise<Buffer> {
  const { size } = await stat(path);
  return await hashRange(createHash('blake2b512'), path, 0, size, signal);
}

async function isoHash(path: string, signal: AbortSignal): Promise<Buffer> {
  const { size } = await stat(path);
  const hash = createHash('blake2b512');
  await feed(hash, path, 0, FIELD.start, signal);
  hash.update(Buffer.alloc(FIELD.length));
  return await hashRange(hash, path, FIELD.start + FIELD.length, size, signal);
}

async function hashRange(
  hash: Hash,
  path: string,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<Buffer> {
  await feed(hash, path, start, end, signal);
  return hash.digest();
}

async function feed(
  hash: Hash,
  path: string,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<void> {
  if (end <= start) return;
  for await (const chunk of createReadStream(path, { start, end: end - 1, highWaterMark: 1 << 20, signal })) {
    hash.update(chunk as Buffer);
  }
}

function padded(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > FIELD.length)
    throw new Error(`a seal of ${bytes.length} bytes; at most ${FIELD.length} fit`);
  return Buffer.concat([bytes, Buffer.alloc(FIELD.length - bytes.length)]);
}

/** The text before the padding, which must be zeros: no byte of the field is free to differ. */
function unpadded(field: Buffer, path: string): string {
  const end = field.indexOf(0);
  const text = field.subarray(0, end < 0 ? field.length : end);
  const rest = field.subarray(text.length);
  if (text.length === 0 || rest.some((byte) => byte !== 0)) throw new CpiabError('E2107', { subject: path });
  return text.toString('utf8');
}
