import { mkdir, open, readdir, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { grubMenu } from '../../../contract/boot-menu.ts';
import { slotFormat } from '../../../contract/boot-slots.ts';
import { type DiskLayout, diskLayout, type Partition, sfdiskScript } from '../../../contract/disk-layout.ts';
import { claimedEnd } from '../../../contract/encryption.ts';
import { dataLabel, medium } from '../../../contract/layout.ts';
import { linkOrCopy } from '../../../host/files.ts';
import { type ImageContext, makeImage, type RunTool } from '../scratch-image.ts';
import { layOutTree, type MediumTree, treeId } from '../tree.ts';
import { writeBiosLoader } from './bios-loader.ts';
import { uuidOf } from './uuid.ts';

export interface DiskInput extends ImageContext {
  tree: MediumTree;
  /** Bytes of the data partition. */
  data: number;
  /** Whether each box makes its own file system in it, encrypted. */
  encrypted: boolean;
}

/**
 * Writes a sparse raw disk image that boots by BIOS and UEFI: slot A holds the same files as the ISO,
 * slot B is empty, the data partition is formatted, or claimed for a box that encrypts it. No device and no privilege is needed.
 */
export async function writeDisk(input: DiskInput): Promise<void> {
  const { epoch, tree } = input;
  await makeImage('disk.raw', input, async (run, scratch) => {
    const id = treeId(tree);
    const layout = diskLayout((part) => uuidOf(id, part), contentSize(tree), input.data);
    await writeFile(join(scratch, 'disk.raw'), '');
    await truncate(join(scratch, 'disk.raw'), layout.size);
    await run(['sfdisk', '--quiet', 'disk.raw'], { input: sfdiskScript(layout) });
    await writeLoaders(run, scratch, tree, layout);
    await mkdir(join(scratch, 'tree'));
    await layOutTree(join(scratch, 'tree'), tree, epoch, grubMenu);
    await writeSlots(run, scratch, epoch, layout);
    if (input.encrypted) await writeClaim(join(scratch, 'disk.raw'), layout.partitions.data);
    else await writeData(run, layout.partitions.data);
  });
}

async function writeLoaders(run: RunTool, scratch: string, tree: MediumTree, layout: DiskLayout) {
  const { bios, esp } = layout.partitions;
  const loader = { boot: partOf(tree, 'boot'), core: partOf(tree, 'core') };
  await linkOrCopy(partOf(tree, 'esp'), join(scratch, 'esp.img'));
  const place = ['bs=1M', `seek=${esp.start / 2 ** 20}`, 'conv=notrunc,sparse', 'status=none'];
  await run(['dd', 'if=esp.img', 'of=disk.raw', ...place]);
  await writeBiosLoader(join(scratch, 'disk.raw'), loader, bios.start);
}

/** The slots carry what starts their disk, so that a box can write it to another one. */
function partOf(tree: MediumTree, name: keyof typeof medium.loader): string {
  const file = tree.get(medium.loader[name]);
  if (file === undefined) throw new Error(`no ${medium.loader[name]} on the medium`);
  return file.path;
}

async function writeSlots(run: RunTool, scratch: string, epoch: number, layout: DiskLayout) {
  const { slotA, slotB } = layout.partitions;
  await makeExt4(run, slotA, [...slotFormat, '-d', 'tree']);
  await setAttributes(run, scratch, epoch, slotA);
  await makeExt4(run, slotB, slotFormat);
}

async function writeData(run: RunTool, data: Partition) {
  const options = ['-t', 'ext4', '-b', '4096', '-L', dataLabel, '-m', '1'];
  await makeExt4(run, data, options, 'lazy_itable_init=1,lazy_journal_init=1');
}

async function writeClaim(path: string, { start, size }: Partition) {
  const end = claimedEnd();
  const file = await open(path, 'r+');
  try {
    await file.write(end, 0, end.length, start + size - end.length);
  } finally {
    await file.close();
  }
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
async function makeExt4(
  run: RunTool,
  { start, size, uuid }: Partition,
  options: readonly string[],
  more = '',
) {
  const extended = [
    `offset=${start}`,
    `hash_seed=${uuid}`,
    'root_owner=0:0',
    'nodiscard',
    ...(more ? [more] : []),
  ];
  await run([
    ...['mke2fs', '-q', '-F', '-U', uuid, '-E', extended.join(','), ...options],
    ...['disk.raw', `${size / 1024}k`],
  ]);
}

/** Bytes of a tree, what several paths share counted once. */
const contentSize = (tree: MediumTree) =>
  [...new Map([...tree.values()].map(({ sha256, size }) => [sha256, size])).values()].reduce(
    (a, b) => a + b,
    0,
  );
