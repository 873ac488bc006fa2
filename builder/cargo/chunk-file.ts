import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { chunkSizes } from '../../contract/cargo.ts';
import { decryptAge, encryptAge } from '../../host/age/age.ts';
import type { Identity, Recipient } from '../../host/age/keys.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** What zstd may make of bytes that it can't compress. */
const ROOM = 1024;
/** All of a chunk and of its base are within reach; with smaller tables zstd finds only the end of the base again. */
const params = {
  [constants.ZSTD_c_windowLog]: Math.log2(chunkSizes.most),
  [constants.ZSTD_c_hashLog]: 20,
  [constants.ZSTD_c_chainLog]: 20,
};
/** A patch that is a larger part of its content is not worth its base. */
const WORTHWHILE = 1 / 4;

/** A chunk's content, compressed: what `zstd -d` takes. */
export function packWhole(content: Buffer): Promise<Buffer> {
  // Its output in one piece: another one costs a turn of the event loop, and a copy.
  return compress(content, { chunkSize: content.length + ROOM, pledgedSrcSize: content.length });
}

/** What makes it of another chunk: what `zstd -d -D BASE` takes. @returns null when they have too little in common. */
export async function packPatch(content: Buffer, base: Buffer): Promise<Buffer | null> {
  const options = { chunkSize: content.length + ROOM, pledgedSrcSize: content.length, dictionary: base };
  const patch = await compress(content, { ...options, params });
  return patch.length < content.length * WORTHWHILE ? patch : null;
}

/** The content of either. @param base for a patch. @throws Error of zlib for anything else. */
export function unpack(packed: Buffer, base: Buffer | undefined): Promise<Buffer> {
  const limits = { chunkSize: chunkSizes.most, maxOutputLength: chunkSizes.most };
  return decompress(packed, base === undefined ? limits : { ...limits, dictionary: base });
}

/** A file of age. */
export async function sealed(packed: Buffer, recipients: readonly Recipient[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(encryptAge(alone(packed), recipients)));
}

/** @throws AgeError. */
export async function unsealed(file: Buffer, identities: readonly Identity[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(decryptAge(alone(file), identities)));
}

async function* alone(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
