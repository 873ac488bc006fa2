import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { volumeId } from '../../contract/layout.ts';
import type { Cache } from '../../host/cache.ts';
import { linkOrCopy } from '../../host/files.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import { type RunTool, writeEfiPartition } from './efi.ts';
import { efiGrubConfig } from './grub.ts';
import { type Signer, sealIso } from './seal.ts';
import { layOutTree, type MediumTree, mediumId } from './tree.ts';

export interface IsoInput {
  tree: MediumTree;
  /** Seconds since the epoch: every time on the medium. */
  epoch: number;
  sandbox: Sandbox;
  sign: Signer;
  /** Where the finished ISO goes; on the file system of its directory it is made. */
  out: string;
  cache: Cache;
  signal: AbortSignal;
}

const ESP = { image: 'esp.img', size: 8 * 2 ** 20, serial: '43504941' };

/** Modules that GRUB's BIOS image carries, so that it finds the menu before it can load any. */
const BIOS_MODULES = [
  'biosdisk',
  'iso9660',
  'part_gpt',
  'part_msdos',
  'search',
  'search_fs_file',
  'normal',
  'configfile',
  'linux',
  'serial',
  'terminal',
  'test',
  'echo',
];

/**
 * Writes a sealed hybrid ISO 9660 image: El Torito for BIOS and UEFI, an MBR and a GPT with an EFI
 * system partition, so that it boots as a CD and as a disk. The UEFI path is Debian's signed shim and GRUB.
 */
export async function writeIso(input: IsoInput): Promise<void> {
  const scratch = await input.cache.scratch('iso');
  const id = mediumId(input.tree);
  try {
    await layOutTree(join(scratch, 'tree'), input.tree, input.epoch);
    const run: RunTool = async (argv, options = {}) =>
      await input.sandbox.run(argv, {
        binds: [{ source: scratch, target: '/scratch', write: true }],
        cwd: '/scratch',
        env: { SOURCE_DATE_EPOCH: String(input.epoch) },
        signal: input.signal,
        ...options,
      });
    await writeBiosLoader(run);
    await writeEfiPartition(run, scratch, input.epoch, { ...ESP, config: efiGrubConfig(id) });
    await run(xorriso(input.epoch));
    const image = join(scratch, 'cpiab.iso');
    await sealIso(image, input.sign, input.signal);
    await rename(image, input.out).catch(async () => {
      await linkOrCopy(image, input.out);
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeBiosLoader(run: RunTool): Promise<void> {
  await run([
    ...['grub-mkimage', '--directory', '/usr/lib/grub/i386-pc', '--format', 'i386-pc-eltorito'],
    ...['--prefix', '/boot/grub', '--output', '/scratch/tree/boot/grub/bios.img', ...BIOS_MODULES],
  ]);
}

function xorriso(epoch: number): string[] {
  const date = new Date(epoch * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return [
    ...['xorriso', '-as', 'mkisofs', '-quiet', '-output', '/scratch/cpiab.iso', '-volid', volumeId],
    ...[
      '-rational-rock',
      '-iso-level',
      '3',
      `--modification-date=${date}00`,
      '--set_all_file_dates',
      `${date}00`,
    ],
    ...['-b', 'boot/grub/bios.img', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
    ...['--grub2-boot-info', '--grub2-mbr', '/usr/lib/grub/i386-pc/boot_hybrid.img'],
    ...[
      '--gpt_disk_guid',
      'modification-date',
      '-append_partition',
      '2',
      '0xef',
      '/scratch/esp.img',
      '-appended_part_as_gpt',
    ],
    ...[
      '-eltorito-alt-boot',
      '-e',
      '--interval:appended_partition_2:all::',
      '-no-emul-boot',
      '/scratch/tree',
    ],
  ];
}
