import { open } from 'node:fs/promises';

const SECTOR = 512;

/** Names of a box's partitions, as the documentation has them. */
export const boxPartitions = ['cpiab-bios', 'cpiab-esp', 'cpiab-slot-a', 'cpiab-slot-b', 'cpiab-data'];

export interface GptPartition {
  name: string;
  /** Bytes; `end` is the first one after it. */
  start: number;
  end: number;
}

/** The partitions of a raw image, as its first table says. Source: UEFI Specification 2.10, section 5.3. */
export async function readGpt(path: string): Promise<GptPartition[]> {
  const file = await open(path);
  try {
    const header = (await file.read({ buffer: Buffer.alloc(SECTOR), position: SECTOR })).buffer;
    if (header.toString('latin1', 0, 8) !== 'EFI PART') throw new Error(`${path} has no GPT`);
    const [count, size] = [header.readUInt32LE(80), header.readUInt32LE(84)];
    const position = Number(header.readBigUInt64LE(72)) * SECTOR;
    const table = (await file.read({ buffer: Buffer.alloc(count * size), position })).buffer;
    const entries = Array.from({ length: count }, (_, index) =>
      table.subarray(index * size, (index + 1) * size),
    );
    return entries
      .filter((entry) => entry.subarray(0, 16).some((byte) => byte !== 0))
      .map((entry) => ({
        name: entry.toString('utf16le', 56, 128).replace(/\0.*$/, ''),
        start: Number(entry.readBigUInt64LE(32)) * SECTOR,
        end: (Number(entry.readBigUInt64LE(40)) + 1) * SECTOR,
      }));
  } finally {
    await file.close();
  }
}
