import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { until } from '../../../agent/until.ts';
import { cacheRoot } from '../../../host/cache.ts';
import { type RunOptions, type RunResult, run } from '../../../host/process.ts';
import { quietHost } from '../quiet-host.ts';
import { removeTree } from '../remove-tree.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));
const SUITE = 'bookworm';
/** What Debian's installer puts on a machine without a desktop, as far as this matters here. */
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'udev',
  'iproute2',
  'kmod',
  'openssh-server',
  'procps',
  'curl',
  'sudo',
];

/**
 * What a hypervisor would give: devices, file systems of the kernel, and the first program. `$1`: the machine's disk.
 * The loop devices are this host's.
 */
const BOOT = `set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mount -t tmpfs -o mode=755 tmpfs run
for name in null zero full random urandom tty kmsg loop-control
do touch "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
for number in $(seq 0 63); do mknod "dev/loop$number" b 7 "$number"; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for pair in 0:stdin 1:stdout 2:stderr; do ln -s "fd/\${pair%:*}" "dev/\${pair#*:}"; done
pivot_root . mnt
exec chroot . /bin/sh -c 'umount -l /mnt; exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd'`;

/** A stock Debian that boots with systemd, in namespaces of this host: no box's system, no programs of this repository. */
export class Debian {
  readonly name: string;
  readonly #network: string;
  readonly #disk: string;
  #holder: ChildProcess | undefined;
  #init = '';
  #group = '';

  /** @param network name of its network namespace. @param disk directory that is its disk. */
  constructor(name: string, network: string, disk: string) {
    this.name = name;
    this.#network = network;
    this.#disk = disk;
  }

  /** Installs it, with a name and an identity of its own. */
  async install(machineId: string): Promise<void> {
    await mkdir(this.#disk, { recursive: true });
    await run(['tar', '--directory', this.#disk, '--extract', '--file', await debianRoot()]);
    await writeFile(this.path('etc/machine-id'), `${machineId}\n`);
    await writeFile(this.path('etc/hostname'), `${this.name}\n`);
  }

  path(name: string): string {
    return join(this.#disk, name);
  }

  async switchOn(): Promise<void> {
    this.#group = join(await unifiedHierarchy(), `cpiab-${process.pid}-${this.name}`);
    await mkdir(this.#group, { recursive: true });
    const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts', '--cgroup'];
    const inside = ['ip', 'netns', 'exec', this.#network, ...unshare, 'sh', '-c', BOOT, 'sh', this.#disk];
    const enter = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';
    const holder = spawn('sh', ['-c', enter, 'sh', this.#group, ...inside], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#holder = holder;
    await until(async () => (await this.#findInit()) !== '', AbortSignal.timeout(30_000));
    await until(() => this.#isUp(), AbortSignal.timeout(120_000));
  }

  /** Ends every process with SIGKILL, as a power cut does. */
  async switchOff(): Promise<void> {
    const holder = this.#holder;
    if (holder === undefined) return;
    this.#holder = undefined;
    const exited = once(holder, 'exit');
    process.kill(Number(this.#init), 'SIGKILL');
    await exited;
    await removeGroup(this.#group);
  }

  inside(argv: readonly string[]): string[] {
    const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup', '--root', '--wdns=/'];
    return ['nsenter', '--target', this.#init, ...namespaces, ...argv];
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return await run(this.inside(argv), options);
  }

  /** What a shell there prints. */
  async sh(script: string): Promise<string> {
    return (await this.run(['bash', '-c', script])).stdout;
  }

  async #findInit(): Promise<string> {
    const { pid } = this.#holder ?? {};
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    this.#init = children.trim();
    return this.#init;
  }

  async #isUp(): Promise<boolean> {
    const program = await readFile(`/proc/${this.#init}/comm`, 'utf8').catch(() => '');
    if (program.trim() !== 'systemd') return false;
    const state = await this.sh('systemctl is-system-running || true').catch(() => '');
    return /^(?:running|degraded)/.test(state);
  }
}

/** Debian as its own tools install it, from the repositories that this host uses. @returns path of a tar. */
async function debianRoot(): Promise<string> {
  const { cache } = quietHost(repository, cacheRoot());
  const key = { suite: SUITE, packages: PACKAGES };
  const { files } = await cache.files('test-debian', key, async (scratch) => {
    const root = join(scratch, 'root.tar');
    const options = ['--variant=minbase', '--aptopt=APT::Install-Recommends "false"'];
    await run(
      ['mmdebstrap', ...options, `--include=${PACKAGES.join(',')}`, SUITE, root, ...(await sources())],
      {
        env: { TMPDIR: scratch },
      },
    );
    return { root };
  });
  return files.root.path;
}

async function sources(): Promise<string[]> {
  const directory = '/etc/apt/sources.list.d';
  const names = (await readdir(directory)).filter((name) => /\.(?:list|sources)$/.test(name));
  const paths = ['/etc/apt/sources.list', ...names.map((name) => join(directory, name))];
  const texts = await Promise.all(
    paths.map(async (path) => ((await readFile(path, 'utf8').catch(() => '')) === '' ? [] : [path])),
  );
  return texts.flat();
}

/** Where this host has control groups of version 2. */
async function unifiedHierarchy(): Promise<string> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  const found = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (found === undefined) throw new Error('this host has no control groups of version 2');
  return found;
}

/** Groups are empty directories once their processes are gone, which takes the kernel a moment. */
async function removeGroup(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((one) => one.isDirectory())) await removeGroup(join(group, entry.name));
  const gone = () =>
    rmdir(group).then(
      () => true,
      () => false,
    );
  await until(gone, AbortSignal.timeout(10_000)).catch(() => {});
}

/** Takes a disk away; what was mounted there went with its machine. */
export async function scrap(disk: string): Promise<void> {
  await removeTree(disk);
}
