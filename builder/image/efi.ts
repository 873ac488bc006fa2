import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunTool } from './scratch-image.ts';

export interface EfiPartition {
  /** File in the scratch directory. */
  image: string;
  /** Bytes. */
  size: number;
  /** FAT serial number, eight hexadecimal digits. */
  serial: string;
  /** What GRUB reads first. */
  config: string;
}

/** Debian's signed shim, the signed GRUB that it starts, and what that reads first. */
const files = {
  '/usr/lib/shim/shimx64.efi.signed': '::/EFI/BOOT/BOOTX64.EFI',
  '/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed': '::/EFI/BOOT/grubx64.efi',
  '/scratch/efi-grub.cfg': '::/boot/grub/grub.cfg',
} as const;

/** Makes an EFI system partition: FAT by mtools, which takes its times from SOURCE_DATE_EPOCH. */
export async function writeEfiPartition(
  run: RunTool,
  scratch: string,
  epoch: number,
  { image, size, serial, config }: EfiPartition,
): Promise<void> {
  const path = join(scratch, 'efi-grub.cfg');
  await writeFile(path, config);
  await utimes(path, epoch, epoch);
  await run(['truncate', '--size', String(size), image]);
  await run(['mkfs.vfat', '--invariant', '-n', 'CPIAB-ESP', '-i', serial, image]);
  await run(['mmd', '-i', image, '::/EFI', '::/EFI/BOOT', '::/boot', '::/boot/grub']);
  for (const [source, target] of Object.entries(files))
    await run(['mcopy', '-m', '-i', image, source, target]);
}
