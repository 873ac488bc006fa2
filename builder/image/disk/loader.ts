import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { menuPath } from '../../../contract/boot-menu.ts';
import { environmentFile, formatEnvironment, settled } from '../../../contract/boot-slots.ts';
import { diskLayout } from '../../../contract/disk-layout.ts';
import type { Cache, CachedFile } from '../../../host/cache.ts';
import type { Sandbox } from '../../../host/sandbox.ts';
import { biosGrub, coreModules, writeBiosCore } from '../bios.ts';
import { writeEfiPartition } from '../efi.ts';
import { diskGrubConfig } from '../grub.ts';
import { toolsIn } from '../scratch-image.ts';
import { addressBiosLoader } from './bios-loader.ts';

/**
 * What starts a disk, for every disk alike: code of the first sector, content of the BIOS boot partition,
 * and the EFI system partition up to its last byte that isn't zero.
 */
export type DiskLoader = Record<(typeof loaderParts)[number], CachedFile>;
export const loaderParts = ['boot', 'core', 'esp'] as const;

/** Raised when the way the loader is made changes. */
const RECIPE = 2;
/** FAT serial number. Nothing looks for it: two disks of one machine may have the same. */
const SERIAL = '43504942';
const PIECE = 1 << 20;

/** With these GRUB's core image reads the EFI partition of its own disk, and starts from there. */
const MODULES = coreModules(['part_gpt', 'fat', 'ext2', 'loadenv', 'regexp']);

/** Where BIOS boot and EFI system partition lie does not depend on what is in the slots. */
const { bios, esp } = diskLayout(() => '', 0, 0).partitions;

/** Makes the boot loaders of a disk. @param epoch seconds: every time in them. */
export async function makeDiskLoader(
  cache: Cache,
  sandbox: Sandbox,
  epoch: number,
  signal: AbortSignal,
): Promise<DiskLoader> {
  const texts = {
    [menuPath]: diskGrubConfig(),
    [environmentFile]: formatEnvironment(settled('a')),
  };
  const key = { recipe: RECIPE, modules: MODULES, texts, bios, esp, epoch, tools: sandbox.key };
  const { files } = await cache.files('disk-loader', key, async (scratch) => {
    const run = toolsIn(scratch, { epoch, sandbox, signal });
    const partition = { image: 'esp.img', size: esp.size, serial: SERIAL, texts };
    await writeEfiPartition(run, scratch, epoch, partition);
    await cutZeros(join(scratch, 'esp.img'));
    // The drive that the firmware started, whichever that is, and its second partition.
    const core = { format: 'i386-pc', prefix: '(,gpt2)/boot/grub', output: 'core.img' } as const;
    await writeBiosCore(run, { ...core, modules: MODULES });
    await run(['cp', `${biosGrub}/boot.img`, 'boot.img']);
    const loader = { boot: join(scratch, 'boot.img'), core: join(scratch, 'core.img') };
    await addressBiosLoader(loader, bios);
    return { ...loader, esp: join(scratch, 'esp.img') };
  });
  return files;
}

/** Shortens a file by the zeros at its end, to whole pieces. */
async function cutZeros(path: string): Promise<void> {
  const file = await open(path);
  const piece = Buffer.alloc(PIECE);
  let end = 0;
  try {
    for (let position = 0; ; position += PIECE) {
      const { bytesRead } = await file.read(piece, 0, PIECE, position);
      if (bytesRead === 0) break;
      if (piece.subarray(0, bytesRead).some((byte) => byte !== 0)) end = position + bytesRead;
    }
  } finally {
    await file.close();
  }
  await truncate(path, end);
}
