import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { chunkSizes } from '../../contract/chunk-sizes.ts';

/** The usual level, 3, takes nearly twice as long; programs become a tenth smaller by it, logs not at all. */
const FAST = { [constants.ZSTD_c_compressionLevel]: 1 };
/** All of a chunk and of its base are within reach; with smaller tables zstd finds only the end of the base again. */
const THOROUGH = {
  [constants.ZSTD_c_windowLog]: Math.log2(chunkSizes.most),
  [constants.ZSTD_c_hashLog]: 20,
  [constants.ZSTD_c_chainLog]: 20,
};
/** A patch that is a larger part of its content is not worth its base. */
const WORTHWHILE = 1 / 4;

/** A chunk's content, compressed: what `zstd -d` takes. */
export function packWhole(content: Buffer): Buffer {
  const { length } = content;
  // With room for what can't be compressed zstd works in place. Source: ZSTD_compressBound.
  const chunkSize = length + (length >> 8) + 1024;
  return zstdCompressSync(content, { params: FAST, chunkSize, pledgedSrcSize: length });
}

/** What makes it of another chunk: what `zstd -d -D BASE` takes. @returns null when they have too little in common. */
export function packPatch(content: Buffer, base: Buffer): Buffer | null {
  const { length } = content;
  const sizes = { chunkSize: length + 1024, pledgedSrcSize: length };
  const patch = zstdCompressSync(content, { params: THOROUGH, dictionary: base, ...sizes });
  return patch.length < length * WORTHWHILE ? patch : null;
}

/** The content of either. @param base for a patch. @throws Error of zlib for anything else. */
export function unpack(packed: Buffer, base: Buffer | undefined): Buffer {
  const limits = { chunkSize: chunkSizes.most, maxOutputLength: chunkSizes.most };
  return zstdDecompressSync(packed, base === undefined ? limits : { ...limits, dictionary: base });
}
