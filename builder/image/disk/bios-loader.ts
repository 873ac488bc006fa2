import { open, readFile, writeFile } from 'node:fs/promises';

const SECTOR = 512;
/** Where boot.img keeps the sector of what it loads. Source: GRUB, include/grub/i386/pc/boot.h. */
const KERNEL_SECTOR = 0x5c;
/** How much of the first sector is code; the partition table of the MBR follows. */
const CODE = 440;
/** The block list at the end of the first sector of core.img: sector (8 bytes), count (2), segment (2). */
const BLOCK_LIST = SECTOR - 12;
/** Where the second sector of core.img goes in memory. Source: GRUB, include/grub/offsets.h. */
const SEGMENT = 0x820;

/** GRUB's boot sector and core image. */
export interface BiosLoader {
  boot: string;
  core: string;
}

/**
 * Writes into GRUB's two images the addresses that grub-bios-setup would, which itself wants a block
 * device. What is left of the boot sector is its code.
 * @param place of the BIOS boot partition, bytes.
 */
export async function addressBiosLoader(
  loader: BiosLoader,
  { start, size }: { start: number; size: number },
): Promise<void> {
  const boot = (await readFile(loader.boot)).subarray(0, CODE);
  const core = await readFile(loader.core);
  if (core.length > size) throw new RangeError(`core.img has ${core.length} bytes, its partition ${size}`);
  const sector = start / SECTOR;
  boot.writeBigUInt64LE(BigInt(sector), KERNEL_SECTOR);
  core.writeBigUInt64LE(BigInt(sector + 1), BLOCK_LIST);
  core.writeUInt16LE(Math.ceil(core.length / SECTOR) - 1, BLOCK_LIST + 8);
  core.writeUInt16LE(SEGMENT, BLOCK_LIST + 10);
  await writeFile(loader.boot, boot);
  await writeFile(loader.core, core);
}

/** Puts an addressed loader where a BIOS starts it. @param start byte where the BIOS boot partition begins. */
export async function writeBiosLoader(image: string, loader: BiosLoader, start: number): Promise<void> {
  const file = await open(image, 'r+');
  try {
    const boot = await readFile(loader.boot);
    await file.write(boot, 0, boot.length, 0);
    const core = await readFile(loader.core);
    await file.write(core, 0, core.length, start);
  } finally {
    await file.close();
  }
}
