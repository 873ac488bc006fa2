import { describe, expect, test } from 'vitest';
import { type ChunkIndex, ChunkIndexSchema, chunkBytes } from '../../../contract/chunk-index.ts';

const good: ChunkIndex = {
  apiVersion: 'cpiab.dev/v1',
  kind: 'ChunkIndex',
  site: 'lab',
  sequence: 7,
  revision: 'a'.repeat(40),
  medium: 'cpiab-lab.tar.zst',
  size: 2 * chunkBytes + 1,
  digest: `sha256:${'b'.repeat(64)}`,
  chunkSize: chunkBytes,
  root: 'c'.repeat(64),
  chunks: ['1', '2', '3'].map((digit) => digit.repeat(64)),
};

describe('an index of chunks', () => {
  test('is good as a build writes it', () => {
    expect(ChunkIndexSchema.parse(good)).toEqual(good);
  });

  test.each<[string, Partial<Record<keyof ChunkIndex | 'volumes', unknown>>]>([
    ['a medium in a folder above', { medium: '../cpiab-lab.iso' }],
    ['a medium in a folder', { medium: 'a/b.iso' }],
    ['a medium with a hidden name', { medium: '.bashrc' }],
    ['a medium whose name ends early', { medium: 'a.iso\0' }],
    ['a medium whose name is a path of Windows', { medium: 'c:\\a.iso' }],
    ['a chunk too few', { chunks: good.chunks.slice(1) }],
    ['a chunk too many', { chunks: [...good.chunks, good.root] }],
    ['a size that its chunks do not have', { size: 2 ** 52 }],
    ['no size', { size: 0 }],
    ['no chunks', { size: 1, chunks: [] }],
    ['another size of chunks', { chunkSize: 1 }],
    ['half a hash', { root: 'c'.repeat(32) }],
    ['a key that nobody knows', { volumes: [] }],
  ])('is refused with %s', (_what, change) => {
    expect(ChunkIndexSchema.safeParse({ ...good, ...change }).success).toBe(false);
  });

  test('is refused with more chunks than a reader will hold', () => {
    const chunks = Array.from({ length: (1 << 20) + 1 }, () => good.root);
    const issues = ChunkIndexSchema.safeParse({ ...good, size: chunks.length * chunkBytes, chunks }).error
      ?.issues;
    expect(issues?.map(({ message }) => message)).toEqual(['expected at most 1048576 chunks']);
  });
});
