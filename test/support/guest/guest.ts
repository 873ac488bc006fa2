import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../../../agent/until.ts';
import { parseInvitation } from '../../../contract/invitation.ts';
import { fetchCommand } from '../../../contract/join-file.ts';
import { run } from '../../../host/process.ts';
import type { JoinLab } from '../join/lab.ts';
import { kubeletPatch } from '../join/lab.ts';
import { Debian, scrap } from './debian.ts';

const SYSTEM = '/var/lib/cpiab-guest/root/system';
const CONTROLLERS = '/sys/fs/cgroup/cgroup.controllers';
/** A machine-id that the lab's site does not let in by itself. */
const STRANGER = 'fedcba9876543210fedcba9876543210';

const patch = {
  ...kubeletPatch,
  // The lab's box tells its own directories, which this machine does not have.
  ...{
    cgroupDriver: 'systemd',
    resolvConf: '/run/cpiab/resolv.conf',
    staticPodPath: '/run/cpiab/static-pods',
  },
};

/** What differs for a machine of namespaces: kubeadm misses files of a kernel, kubelet what control groups have. */
const ALLOWANCES: Record<string, string> = {
  'etc/systemd/system/cpiab-kubeadm.service.d/90-test.conf':
    '[Service]\nExecStart=\nExecStart=/usr/bin/kubeadm $ARGUMENTS --ignore-preflight-errors=all\n',
  'etc/tmpfiles.d/test.conf': `d /run/cpiab/kubeadm-patches
f /run/cpiab/kubeadm-patches/kubeletconfiguration0+merge.json 0644 root root - ${JSON.stringify(patch)}
`,
};

/** One run of the file that makes a machine a node. */
export class Run {
  readonly ended: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #said: string[] = [];

  constructor([program = '', ...args]: readonly string[], input: string) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.ended = once(this.#child, 'close');
    this.#child.stdin?.end(input);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
        process.stderr.write(`guest: ${line}\n`);
        this.#said.push(line);
      });
  }

  get status(): number | null {
    return this.#child.exitCode;
  }

  get text(): string {
    return this.#said.join('\n');
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  said(what: string): boolean {
    return this.#said.some((line) => line.includes(what));
  }
}

/** A stock Debian beside the lab's box. */
export class Guest {
  readonly machine: Debian;
  readonly #disk: string;

  private constructor(machine: Debian, disk: string) {
    this.machine = machine;
    this.#disk = disk;
  }

  static async of(lab: JoinLab, name: string, address: string, disk: string): Promise<Guest> {
    const guest = new Guest(new Debian(name, await lab.attach(name, address), disk), disk);
    await guest.machine.install(STRANGER);
    await guest.allow();
    await guest.switchOn();
    return guest;
  }

  /** Writes down what is allowed to it; what leaves takes that away too. */
  async allow(): Promise<void> {
    for (const [path, text] of Object.entries(ALLOWANCES)) {
      await mkdir(dirname(this.machine.path(path)), { recursive: true });
      await writeFile(this.machine.path(path), text);
    }
  }

  async switchOn(): Promise<void> {
    await this.machine.switchOn();
  }

  /** Control groups have no controllers where this host uses those of version 1: for the join's first look they have. */
  async showControllers(): Promise<void> {
    const shown = 'printf "cpuset cpu io memory pids\\n" >/run/controllers';
    await this.machine.sh(`${shown} && mount --bind /run/controllers ${CONTROLLERS}`);
    // Who left took this away.
    await this.machine.sh('systemd-tmpfiles --create /etc/tmpfiles.d/test.conf');
  }

  async hideControllers(): Promise<void> {
    const places = [CONTROLLERS, `${SYSTEM}${CONTROLLERS}`];
    for (const place of places) await this.machine.sh(`! mountpoint -q ${place} || umount ${place}`);
  }

  /** Gets the file as `cpiab invite` says. */
  async fetch(invitation: string): Promise<void> {
    const parsed = parseInvitation(invitation);
    if (typeof parsed === 'string') throw new Error(parsed);
    await this.machine.sh(fetchCommand(parsed));
  }

  /** Runs the file. @param input what it reads. */
  async join(input: string, ...args: string[]): Promise<Run> {
    await this.hideControllers();
    await this.showControllers();
    const join = new Run(this.machine.inside(['bash', 'cpiab-join', ...args]), `${input}\n`);
    const looked = () => join.said('unpacking') || join.said('verifying') || join.status !== null;
    await until(looked, AbortSignal.timeout(60_000));
    await this.hideControllers();
    return join;
  }

  /** Lets root, and a user with sudo, be logged in as with a new key. @param file where its private half goes. */
  async takeKey(file: string): Promise<void> {
    await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file]);
    await this.machine.sh(`useradd --create-home --shell /bin/bash ops
      printf 'ops ALL=(root) NOPASSWD: ALL\\n' >/etc/sudoers.d/ops
      for home in /root /home/ops; do mkdir -p "$home/.ssh"; done`);
    for (const home of ['root', 'home/ops'])
      await copyFile(`${file}.pub`, this.machine.path(`${home}/.ssh/authorized_keys`));
  }

  /** Fingerprint of the key that its SSH server shows, as its owner reads it there. */
  async hostKey(): Promise<string> {
    const shown = await this.machine.sh('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    return shown.split(' ')[1] ?? '';
  }

  /** Every file, but of what changes by itself. */
  async files(): Promise<string> {
    const own = [
      '/proc',
      '/sys',
      '/dev',
      '/run',
      '/tmp',
      '/var/tmp',
      '/var/log',
      '/var/lib/systemd',
      '/cpiab-join',
    ];
    const prune = own.map((path) => `-path ${path}`).join(' -o ');
    return await this.machine.sh(`find / \\( ${prune} \\) -prune -o -print | sort`);
  }

  async close(): Promise<void> {
    await this.machine.switchOff();
    await scrap(this.#disk);
  }
}
