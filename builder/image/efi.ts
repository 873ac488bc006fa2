import { utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunTool } from './scratch-image.ts';

export interface EfiPartition {
  /** File in the scratch directory. */
  image: string;
  /** Bytes. */
  size: number;
  /** FAT serial number, eight hexadecimal digits. */
  serial: string;
  /** What GRUB reads, by path below `boot/grub/`: its configuration, on a disk its environment too. */
  texts: Readonly<Record<string, string>>;
}

/** Debian's signed shim, and the signed GRUB that it starts. */
const files = {
  '/usr/lib/shim/shimx64.efi.signed': '::/EFI/BOOT/BOOTX64.EFI',
  '/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed': '::/EFI/BOOT/grubx64.efi',
} as const;

/** Makes an EFI system partition: FAT by mtools, which takes its times from SOURCE_DATE_EPOCH. */
export async function writeEfiPartition(
  run: RunTool,
  scratch: string,
  epoch: number,
  { image, size, serial, texts }: EfiPartition,
): Promise<void> {
  await run(['truncate', '--size', String(size), image]);
  await run(['mkfs.vfat', '--invariant', '-n', 'CPIAB-ESP', '-i', serial, image]);
  await run(['mmd', '-i', image, '::/EFI', '::/EFI/BOOT', '::/boot', '::/boot/grub']);
  for (const [source, target] of Object.entries(files))
    await run(['mcopy', '-m', '-i', image, source, target]);
  for (const [path, text] of Object.entries(texts)) {
    const source = join(scratch, basename(path));
    await writeFile(source, text);
    await utimes(source, epoch, epoch);
    await run(['mcopy', '-m', '-i', image, `/scratch/${basename(path)}`, `::/${path}`]);
  }
}
