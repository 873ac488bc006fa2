import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleFiles, medium, volumeId } from '../../contract/layout.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import { linkOrCopy } from '../../host/files.ts';
import type { Sandbox, SandboxOptions } from '../../host/sandbox.ts';
import type { Bundle } from '../bundle/assemble.ts';
import { efiGrubConfig, grubConfig, markPath } from './grub.ts';
import { type Signer, sealIso } from './seal.ts';

export interface IsoInput {
  /** Path on the medium → file. Paths that share a file are stored once. */
  tree: Map<string, CachedFile>;
  /** Seconds since the epoch: every time on the medium. */
  epoch: number;
  sandbox: Sandbox;
  sign: Signer;
  /** Where the finished ISO goes; on the file system of its directory it is made. */
  out: string;
  cache: Cache;
  signal: AbortSignal;
}

/** Everything on an ISO but its boot loader. */
export function isoTree(bundle: Bundle): Map<string, CachedFile> {
  const inBundle = [...bundle.files].map(([name, file]) => [`${medium.bundle}/${name}`, file] as const);
  return new Map([...bundle.links, ...inBundle]);
}

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
    await layOut(join(scratch, 'tree'), id, input);
    const run = async (argv: string[], options: SandboxOptions = {}) =>
      await input.sandbox.run(argv, {
        binds: [{ source: scratch, target: '/iso', write: true }],
        cwd: '/iso',
        env: { SOURCE_DATE_EPOCH: String(input.epoch) },
        signal: input.signal,
        ...options,
      });
    await writeBiosLoader(run);
    await writeEfiPartition(run, scratch, id, input.epoch);
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

/** A name of its own for each bundle, so that of two media in one machine the one that GRUB chose is found again. */
function mediumId(tree: Map<string, CachedFile>): string {
  const manifest = tree.get(`${medium.bundle}/${bundleFiles.manifest}`);
  return `cpiab-${manifest?.sha256.slice(0, 16) ?? 'none'}`;
}

type Run = (argv: string[], options?: SandboxOptions) => Promise<unknown>;

async function layOut(root: string, id: string, { tree, epoch }: IsoInput): Promise<void> {
  const files = new Map([...tree].map(([path, file]) => [join(root, path), file]));
  for (const [path, file] of files) {
    await mkdir(dirname(path), { recursive: true });
    await linkOrCopy(file.path, path);
  }
  for (const [path, text] of [
    ['boot/grub/grub.cfg', grubConfig(id)],
    [markPath(id), ''],
  ] as const) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await utimes(join(root, path), epoch, epoch);
  }
}

async function writeBiosLoader(run: Run): Promise<void> {
  await run([
    ...['grub-mkimage', '--directory', '/usr/lib/grub/i386-pc', '--format', 'i386-pc-eltorito'],
    ...['--prefix', '/boot/grub', '--output', '/iso/tree/boot/grub/bios.img', ...BIOS_MODULES],
  ]);
}

/** A FAT file system with a fixed serial number; mtools takes its times from SOURCE_DATE_EPOCH. */
async function writeEfiPartition(run: Run, scratch: string, id: string, epoch: number): Promise<void> {
  const config = join(scratch, 'efi-grub.cfg');
  await writeFile(config, efiGrubConfig(id));
  await utimes(config, epoch, epoch);
  await run(['truncate', '--size', '8M', 'esp.img']);
  await run(['mkfs.vfat', '--invariant', '-n', 'CPIAB-ESP', '-i', '43504941', 'esp.img']);
  await run(['mmd', '-i', 'esp.img', '::/EFI', '::/EFI/BOOT', '::/boot', '::/boot/grub']);
  const files = {
    '/usr/lib/shim/shimx64.efi.signed': '::/EFI/BOOT/BOOTX64.EFI',
    '/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed': '::/EFI/BOOT/grubx64.efi',
    '/iso/efi-grub.cfg': '::/boot/grub/grub.cfg',
  };
  for (const [source, target] of Object.entries(files))
    await run(['mcopy', '-m', '-i', 'esp.img', source, target]);
}

function xorriso(epoch: number): string[] {
  const date = new Date(epoch * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return [
    ...['xorriso', '-as', 'mkisofs', '-quiet', '-output', '/iso/cpiab.iso', '-volid', volumeId],
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
      '/iso/esp.img',
      '-appended_part_as_gpt',
    ],
    ...['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot', '/iso/tree'],
  ];
}
