import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { unpackLayer } from '../../../../builder/fetch/unpack-layer.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';

const here = freshDirectory();
const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';
/** A frame that decoders pass over. Source: RFC 8878 section 3.1.2; zstd:chunked keeps its index in one. */
const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), Buffer.from('toc!')]);

/** Bytes that came of the last layer. */
let read = 0;

async function unpacked(bytes: Buffer, mediaType: string, always?: number): Promise<string> {
  const path = here('layer');
  await writeFile(path, bytes);
  const limits = { subject: 'image layer', ...(always && { always }) };
  const plain = unpackLayer({ path, size: bytes.length }, mediaType, limits);
  if (plain === null) return 'not compressed';
  read = 0;
  plain.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  return await text(plain);
}

describe('a layer', () => {
  test.each([
    ['gzip', GZIP, gzipSync('content')],
    ["gzip in Docker's words", 'application/vnd.docker.image.rootfs.diff.tar.gzip', gzipSync('content')],
    ['gzip in pieces', GZIP, Buffer.concat([gzipSync('con'), gzipSync('tent')])],
    ['zstd', ZSTD, zstdCompressSync(Buffer.from('content'))],
    [
      'zstd:chunked',
      ZSTD,
      Buffer.concat([zstdCompressSync(Buffer.from('con')), zstdCompressSync(Buffer.from('tent')), skippable]),
    ],
  ])('is unpacked: %s', async (_, mediaType, bytes) => {
    expect(await unpacked(bytes, mediaType)).toBe('content');
  });

  test('may be empty', async () => {
    expect(await unpacked(gzipSync(''), GZIP)).toBe('');
  });

  test.each([
    ['no gzip', GZIP, Buffer.from('garbage')],
    ['gzip that is cut off', GZIP, gzipSync('content').subarray(0, 15)],
    ['no bytes at all', GZIP, Buffer.alloc(0)],
    ['no zstd', ZSTD, Buffer.from('garbage')],
    ['zstd that is cut off', ZSTD, zstdCompressSync(Buffer.from('content'.repeat(9))).subarray(0, 12)],
  ])('is refused: %s', async (_, mediaType, bytes) => {
    const refused = await refusal(unpacked(bytes, mediaType));
    expect([refused.code, refused.subject, refused.exit]).toEqual(['E3066', 'image layer', 1]);
  });

  test.each([
    ['gzip', GZIP, gzipSync],
    ['zstd', ZSTD, zstdCompressSync],
  ] as const)('that is a bomb is left when it is past its limit: %s', async (_, mediaType, compress) => {
    const refused = await refusal(unpacked(compress(Buffer.alloc(50e6)), mediaType, 1e6));
    expect(refused.code).toBe('E3067');
    expect(read).toBeLessThan(6e6);
  });
});
