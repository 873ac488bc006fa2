import { join } from 'node:path';
import { isoMenu, menuPath } from '../../contract/boot-menu.ts';
import type { InstallMode } from '../../contract/install.ts';
import { volumeId } from '../../contract/layout.ts';
import { biosGrub, coreModules, writeBiosCore } from './bios.ts';
import { writeEfiPartition } from './efi.ts';
import { isoGrubConfig } from './grub.ts';
import { type ImageContext, makeImage } from './scratch-image.ts';
import { type Signer, sealIso } from './seal.ts';
import { layOutTree, type MediumTree, treeId } from './tree.ts';

export interface IsoInput extends ImageContext {
  tree: MediumTree;
  sign: Signer;
  /** What the menu's first entry does. */
  install: InstallMode;
}

const ESP = { image: 'esp.img', size: 8 * 2 ** 20, serial: '43504941' };

/** What the BIOS starts from a CD. */
const BIOS = {
  format: 'i386-pc-eltorito',
  prefix: '/boot/grub',
  modules: coreModules(['iso9660', 'part_gpt', 'part_msdos', 'search', 'search_fs_file']),
  output: 'tree/boot/grub/bios.img',
} as const;

/**
 * Writes a sealed hybrid ISO 9660 image: El Torito for BIOS and UEFI, an MBR and a GPT with an EFI
 * system partition, so that it boots as a CD and as a disk. The UEFI path is Debian's signed shim and GRUB.
 */
export async function writeIso(input: IsoInput): Promise<void> {
  const { epoch, tree } = input;
  await makeImage('cpiab.iso', input, async (run, scratch) => {
    await layOutTree(join(scratch, 'tree'), tree, epoch, (id) => isoMenu(id, input.install));
    await writeBiosCore(run, BIOS);
    await writeEfiPartition(run, scratch, epoch, {
      ...ESP,
      texts: { [menuPath]: isoGrubConfig(treeId(tree)) },
    });
    await run(xorriso(epoch));
    await sealIso(join(scratch, 'cpiab.iso'), input.sign, input.signal);
  });
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
    ...['--grub2-boot-info', '--grub2-mbr', `${biosGrub}/boot_hybrid.img`],
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
