import { describe, expect, test } from 'vitest';
import { chunkBytes } from '../../../contract/chunk-index.ts';
import {
  fatLimit,
  parseVolumeName,
  spanOf,
  volumeName,
  volumesFor,
  volumesOf,
} from '../../../contract/volumes.ts';

describe('volumes', () => {
  test('hold every chunk once, in order, and none is larger than asked', () => {
    for (let chunks = 1; chunks <= 60; chunks++) {
      for (let most = 1; most <= chunks + 1; most++) {
        const of = volumesFor(chunks, most * chunkBytes + chunkBytes - 1) ?? 0;
        const spans = volumesOf(of).map((volume) => spanOf(volume, chunks));
        const held = spans.flatMap((span) =>
          Array.from({ length: span?.count ?? 0 }, (_, at) => (span?.first ?? 0) + at),
        );
        expect(held).toEqual(Array.from({ length: chunks }, (_, chunk) => chunk));
        expect(Math.max(...spans.map((span) => span?.count ?? 0))).toBeLessThanOrEqual(most);
        expect(Math.min(...spans.map((span) => span?.count ?? 0))).toBeGreaterThan(0);
      }
    }
  });

  test('fit on FAT32 where nothing else is asked', () => {
    const chunks = 100_000;
    const of = volumesFor(chunks, fatLimit) ?? 0;
    const largest = (spanOf({ number: 1, of }, chunks)?.count ?? 0) * chunkBytes;
    expect(largest).toBeLessThan(2 ** 32);
    expect(largest).toBeGreaterThan(2 ** 32 * 0.95);
  });

  test.each([
    ['less than a chunk', 10, chunkBytes - 1],
    ['more volumes than names have', 5000, chunkBytes],
  ])('are not made of %s', (_why, chunks, limit) => {
    expect(volumesFor(chunks, limit)).toBeNull();
  });

  test.each([
    [{ number: 0, of: 3 }],
    [{ number: 4, of: 3 }],
    [{ number: 1, of: 0 }],
    // Ten chunks in six are two each, which is five.
    [{ number: 1, of: 6 }],
    [{ number: 1, of: 999 }],
  ])('%o is none of a medium of ten chunks', (volume) => {
    expect(spanOf(volume, 10)).toBeNull();
  });

  test('are told by their name', () => {
    const name = volumeName('cpiab-lab.iso', { number: 2, of: 13 });
    expect(name).toBe('cpiab-lab.iso.002-of-013');
    expect(parseVolumeName(name)).toEqual({ medium: 'cpiab-lab.iso', number: 2, of: 13 });
    for (const other of ['cpiab-lab.iso', '.001-of-002', 'a.iso.1-of-2', 'a.iso.001-of-002.new'])
      expect(parseVolumeName(other)).toBeNull();
  });
});
