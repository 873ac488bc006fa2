import { open } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readChunk, wholeMedium } from '../../../../builder/volumes/piece.ts';
import { chunkBytes } from '../../../../contract/chunk-index.ts';

test('a chunk that the carrier cannot read is an empty one, not the end of the work', async () => {
  // Nothing is mapped at address 0, and the kernel says EIO, as for a bad sector.
  const file = await open('/proc/self/mem');
  try {
    await expect(file.read(Buffer.alloc(10), 0, 10, 0)).rejects.toMatchObject({ code: 'EIO' });
    const medium = { size: 5_000_000 };
    expect(
      await readChunk(file, wholeMedium('/proc/self/mem', medium), medium, 0, Buffer.alloc(chunkBytes)),
    ).toHaveLength(0);
  } finally {
    await file.close();
  }
});
