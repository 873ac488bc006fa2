import { cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readSite } from '../../../builder/config/read-site.ts';
import { fetchDebs } from '../../../builder/fetch/debs.ts';
import { debianMirrors } from '../../../builder/lock/mirrors.ts';
import { readLock } from '../../../builder/lock/read.ts';
import { cacheRoot } from '../../../host/cache.ts';
import { run } from '../../../host/process.ts';
import { detectAccelerator } from '../../../host/qemu/accelerator.ts';
import { acceleratorArguments, type Segment, segmentCard } from '../../../host/qemu/arguments.ts';
import { quietHost } from '../quiet-host.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));
const { signal } = new AbortController();

/** What a box has for it, the server of Linux, and what a NAS has: all of the box's Debian. */
const PACKAGES = [
  ...['busybox-static', 'kmod', 'iproute2', 'nfs-common', 'nfs-kernel-server'],
  ...['restic', 'btrfs-progs', 'rsync'],
];
/** What the scenario needs of the box's own kernel: how paths below its `kernel` directory begin, each in its own way. */
const MODULES = [
  ...['fs/nfs', 'fs/lockd', 'fs/netfs', 'fs/btrfs', 'net/sunrpc', 'net/dns_resolver'],
  ...['drivers/block/loop.ko', 'drivers/net/veth.ko', 'drivers/net/virtio_net.ko', 'lib', 'crypto'],
  ...['drivers/virtio', 'drivers/net/net_failover.ko', 'net/core/failover.ko'],
];
/** A machine that is emulated beside other work is slow, not stuck. */
const KERNEL = 'console=ttyS0 quiet panic=-1 nowatchdog rcupdate.rcu_cpu_stall_suppress=1';
const INIT = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
sh /scenario/run.sh
busybox poweroff -f
`;

interface Guest {
  script: string;
  /** Put beside the script, into `/scenario`. */
  files: readonly string[];
  scratch: string;
  segment?: Segment;
  signal?: AbortSignal;
  onLine?: (line: string) => void;
}

/**
 * Runs a shell script as the first program of a virtual machine with the box's kernel, NFS client and restic, until it
 * ends.
 * @returns what it printed, line by line.
 */
export async function inGuest({
  script,
  files,
  scratch,
  segment,
  signal: end,
  onLine,
}: Guest): Promise<string[]> {
  const { kernel, root } = await guestParts();
  const folder = join(scratch, 'tree', 'scenario');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'run.sh'), script);
  for (const path of files) await cp(path, join(folder, basename(path)));
  const initrd = join(scratch, 'initrd');
  // The kernel unpacks archives that lie one behind the other. Source: Linux, Documentation/driver-api/early-userspace.
  const pack = 'cat "$1" >"$2"; cd "$3"; find scenario | cpio --quiet -o -H newc >>"$2"';
  await run(['sh', '-c', pack, 'sh', root, initrd, join(scratch, 'tree')]);
  const lines: string[] = [];
  await run(
    [
      ...['qemu-system-x86_64', '-machine', 'q35', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...acceleratorArguments(await detectAccelerator(signal)),
      ...['-smp', '1', '-m', '1536', '-no-reboot', '-serial', 'stdio'],
      ...segmentCard(segment),
      ...['-kernel', kernel, '-initrd', initrd, '-append', KERNEL],
    ],
    {
      timeoutMs: 3 * 3_600_000,
      ...(end === undefined ? {} : { signal: end }),
      onLine: (line) => {
        process.stderr.write(`guest: ${line}\n`);
        lines.push(line.trim());
        onLine?.(line.trim());
      },
    },
  );
  return lines;
}

/** Kernel and root of the machine. Made once, kept in the cache. */
async function guestParts(): Promise<{ kernel: string; root: string }> {
  const host = quietHost(repository, cacheRoot());
  const site = await readSite(repository, 'lab');
  const { lock } = await readLock(repository, site);
  const deb = lock.debian.packages.find(({ name }) => /^linux-image-\d/.test(name));
  if (deb === undefined) throw new Error('the lock has no kernel');
  const key = { packages: PACKAGES, modules: MODULES, init: INIT, kernel: deb.sha256 };
  const { files } = await host.cache.files('test-nas', key, async (scratch) => {
    const [kernel, root, tree] = [
      join(scratch, 'vmlinuz'),
      join(scratch, 'root.cpio'),
      join(scratch, 'tree'),
    ];
    const { debian } = await debianMirrors(site, signal);
    await mkdir(tree);
    await run(
      [
        ...['mmdebstrap', '--variant=minbase', '--aptopt=APT::Install-Recommends "false"'],
        ...['doc', 'man', 'locale', 'perl'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
        ...[
          `--include=${PACKAGES.join(',')}`,
          'trixie',
          join(scratch, 'root.tar'),
          `deb ${debian} trixie main`,
        ],
      ],
      { env: { TMPDIR: scratch } },
    );
    const store = await fetchDebs(site, lock, host);
    const script = `cd "$1"; tar -xf ../root.tar; rm -rf usr/share usr/lib/systemd var/lib/apt var/cache
      dpkg-deb --fsys-tarfile "$2" | tar -x --wildcards './boot/vmlinuz-*' './usr/lib/modules/*/modules.*' $3
      set +f; mv boot/vmlinuz-* ../vmlinuz
      chroot . depmod "$(ls usr/lib/modules)"
      printf '%s' "$4" >init; chmod 755 init
      find . | cpio --quiet -o -H newc >../root.cpio`;
    const wanted = MODULES.map((path) => `./usr/lib/modules/*/kernel/${path}*`).join(' ');
    await run(['sh', '-efc', script, 'sh', tree, store.file(deb.name).path, wanted, INIT]);
    return { kernel, root };
  });
  return { kernel: files.kernel.path, root: files.root.path };
}
