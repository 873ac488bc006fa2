import { rename, rm } from 'node:fs/promises';
import type { BankName } from '../../contract/drill/scenario.ts';
import { ensureDirectory } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import type { World } from '../world.ts';

/** A file that only takes up what is written to it; virtual machines have their disks in there. */
const BYTES = { netns: '2G', qemu: '64G' };

/**
 * Ends a mounted ext4 at once: what was not written is never written, not even its log. Perl is in every Debian.
 * Source: Linux, include/uapi/linux/ext4.h, `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`.
 */
const SHUTDOWN = `
  open(my $top, '<', $ARGV[0]) or die $!;
  my $how = pack('L', 2);
  ioctl($top, 0x8004587d, $how) or die $!;`;

const imageOf = (world: World, bank: BankName) => `${world.disk(bank)}.img`;

/** Gives the hosts of a bank a file system of their own. */
export async function makeDisk(world: World, bank: BankName): Promise<void> {
  if (await isMounted(world, bank)) return;
  const image = imageOf(world, bank);
  await ensureDirectory(world.disk(bank));
  await rm(image, { force: true });
  await run(['truncate', `--size=${BYTES[world.substrate]}`, image]);
  await run(['mkfs.ext4', '-q', image]);
  await mountDisk(world, bank);
}

export async function mountDisk(world: World, bank: BankName): Promise<void> {
  if (!(await isMounted(world, bank)))
    await run(['mount', '-o', 'loop', imageOf(world, bank), world.disk(bank)]);
}

/**
 * Takes it away as a power cut does. Whoever still looks at the old one keeps that; the hosts go on with a copy of the
 * disk as it was then.
 */
export async function loseDisk(world: World, bank: BankName): Promise<void> {
  const [image, top] = [imageOf(world, bank), world.disk(bank)];
  if (!(await isMounted(world, bank))) return;
  await run(['perl', '-e', SHUTDOWN, top]);
  await run(['umount', top]).catch(() => run(['umount', '--lazy', top]));
  await run(['cp', '--sparse=always', image, `${image}.new`]);
  await rename(`${image}.new`, image);
}

/** New names in a directory are on the disk before who made them goes on, as with NFS; there are others only where power is cut. */
export async function keepNames(world: World, bank: BankName, directory: string): Promise<void> {
  if (await isMounted(world, bank)) await run(['chattr', '+D', directory]);
}

/** Waits until all that was written below a directory is on its disk. */
export async function onDisk(directory: string): Promise<void> {
  await run(['sync', '--file-system', directory]);
}

async function isMounted(world: World, bank: BankName): Promise<boolean> {
  return await run(['mountpoint', '--quiet', world.disk(bank)]).then(
    () => true,
    () => false,
  );
}
