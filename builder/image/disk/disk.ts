import { mkdir, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { dataLabel } from '../../../contract/layout.ts';
import type { Cache } from '../../../host/cache.ts';
import { linkOrCopy } from '../../../host/files.ts';
import type { Sandbox } from '../../../host/sandbox.ts';
import { type RunTool, writeEfiPartition } from '../efi.ts';
import { biosGrubConfig } from '../grub.ts';
import { layOutTree, type MediumTree, mediumId } from '../tree.ts';
import { writeBiosLoader } from './bios-loader.ts';
import { type DiskLayout, diskLayout, type Partition, sfdiskScript } from './partitions.ts';

export interface DiskInput {
  tree: MediumTree;
  /** Bytes of the data partition. */
  data: number;
  /** Seconds since the epoch: every time on the disk. */
  epoch: number;
  sandbox: Sandbox;
  /** Where the finished image goes. */
  out: string;
  cache: Cache;
  signal: AbortSignal;
}

/** What GRUB's core image carries, so that it finds the EFI partition's configuration and starts from it. */
const BIOS_MODULES = [
  'biosdisk',
  'part_gpt',
  'fat',
  'ext2',
  'search',
  'search_fs_file',
  'search_fs_uuid',
  'normal',
  'configfile',
  'linux',
  'serial',
  'terminal',
  'test',
  'echo',
];

/** What GRUB 2.12 and the box's kernel both know; a slot is written once, so it needs no journal. */
const SLOT_FEATURES = '^has_journal,^metadata_csum_seed,^orphan_file,^resize_inode';

/**
 * Writes a sparse raw disk image that boots by BIOS and UEFI: slot A holds the same files as the ISO,
 * slot B is empty, the data partition is formatted. No device and no privilege is needed.
 */
export async function writeDisk(input: DiskInput): Promise<void> {
  const { cache, epoch, sandbox, signal, tree } = input;
  const scratch = await cache.scratch('disk');
  const run: RunTool = async (argv, options = {}) =>
    await sandbox.run(argv, {
      binds: [{ source: scratch, target: '/scratch', write: true }],
      cwd: '/scratch',
      env: { SOURCE_DATE_EPOCH: String(epoch) },
      signal,
      ...options,
    });
  try {
    const image = join(scratch, 'disk.raw');
    const id = mediumId(tree);
    const layout = diskLayout(id, contentSize(tree), input.data);
    await writeFile(image, '');
    await truncate(image, layout.size);
    await run(['sfdisk', '--quiet', 'disk.raw'], { input: sfdiskScript(layout) });
    await writeLoaders(run, scratch, id, epoch, layout);
    await mkdir(join(scratch, 'tree'));
    await layOutTree(join(scratch, 'tree'), tree, epoch);
    await writeFileSystems(run, scratch, epoch, layout);
    await rename(image, input.out).catch(async () => {
      await linkOrCopy(image, input.out);
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeLoaders(run: RunTool, scratch: string, id: string, epoch: number, layout: DiskLayout) {
  const { bios, esp } = layout.partitions;
  const serial = esp.uuid.slice(0, 8);
  await writeEfiPartition(run, scratch, id, epoch, { image: 'esp.img', size: esp.size, serial });
  const place = ['bs=1M', `seek=${esp.start / 2 ** 20}`, 'conv=notrunc,sparse', 'status=none'];
  await run(['dd', 'if=esp.img', 'of=disk.raw', ...place]);
  // Which slot to start is the EFI partition's to say, for both firmwares.
  await writeFile(join(scratch, 'early.cfg'), biosGrubConfig(serial));
  const core = ['--format', 'i386-pc', '--config', 'early.cfg', '--prefix', '/boot/grub'];
  await run(['grub-mkimage', '--directory', GRUB, ...core, '--output', 'core.img', ...BIOS_MODULES]);
  await run(['cp', `${GRUB}/boot.img`, 'boot.img']);
  const loader = { boot: join(scratch, 'boot.img'), core: join(scratch, 'core.img') };
  await writeBiosLoader(join(scratch, 'disk.raw'), loader, bios);
}

const GRUB = '/usr/lib/grub/i386-pc';

async function writeFileSystems(run: RunTool, scratch: string, epoch: number, layout: DiskLayout) {
  const { slotA, slotB, data } = layout.partitions;
  await makeExt4(run, slotA, ['-O', SLOT_FEATURES, '-m', '0', '-d', 'tree']);
  await setAttributes(run, scratch, epoch, slotA);
  await makeExt4(run, slotB, ['-O', SLOT_FEATURES, '-m', '0']);
  await makeExt4(run, data, ['-L', dataLabel, '-m', '1'], 'lazy_itable_init=1,lazy_journal_init=1');
}

/**
 * mke2fs takes modes and older times over from the files; those that the cache shares have any, and
 * directories those of the umask. Source: debugfs(8).
 */
async function setAttributes(run: RunTool, scratch: string, epoch: number, { start }: Partition) {
  const entries = await readdir(join(scratch, 'tree'), { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({
    path: join('/', relative(join(scratch, 'tree'), join(entry.parentPath, entry.name))),
    mode: entry.isDirectory() ? '040755' : '0100644',
  }));
  const commands = [{ path: '/', mode: '040755' }, ...paths]
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .flatMap(({ path, mode }) => [
      ...[`mode ${mode}`, 'uid 0', 'gid 0'].map((value) => `sif "${path}" ${value}`),
      ...['atime', 'ctime', 'mtime'].map((field) => `sif "${path}" ${field} @${epoch}`),
    ]);
  await writeFile(join(scratch, 'attributes'), `${commands.join('\n')}\n`);
  await run(['debugfs', '-w', '-f', 'attributes', `disk.raw?offset=${start}`], { maxOutput: 16 << 20 });
}

/** mke2fs(8): its times are SOURCE_DATE_EPOCH, identifiers and hash seeds those of the partition. */
async function makeExt4(run: RunTool, { start, size, uuid }: Partition, options: string[], more = '') {
  const extended = [
    `offset=${start}`,
    `hash_seed=${uuid}`,
    'root_owner=0:0',
    'nodiscard',
    ...(more ? [more] : []),
  ];
  await run([
    ...['mke2fs', '-q', '-F', '-t', 'ext4', '-b', '4096', '-U', uuid, '-E', extended.join(','), ...options],
    ...['disk.raw', `${size / 1024}k`],
  ]);
}

/** Bytes of a tree, what several paths share counted once. */
const contentSize = (tree: MediumTree) =>
  [...new Map([...tree.values()].map(({ sha256, size }) => [sha256, size])).values()].reduce(
    (a, b) => a + b,
    0,
  );
