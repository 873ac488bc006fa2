import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { tokenDescription } from '../../../agent/engine/nodes.ts';
import { firewallElements } from '../../../contract/firewall.ts';
import type { NodeRole } from '../../../contract/join-material.ts';
import { run } from '../../../host/process.ts';
import { etcdctl, mirrorEtcd } from '../cluster/etcd.ts';
import { Machine } from '../cluster/machine.ts';
import { StaticPods } from '../cluster/static-pods.ts';
import { Switch } from '../cluster/switch.ts';
import { machineId } from '../enroll/machine-id.ts';
import { firewallRules } from '../firewall/rules.ts';
import { kubePrograms, programFiles } from '../kube-programs.ts';
import { removeTree } from '../remove-tree.ts';
import { joinSite } from './site.ts';

const here = import.meta.dirname;
const files = join(here, '..', '..', '..', 'agent', 'files');
const BOX = '10.99.0.11';
const fixed = joinSite.network.nodeAddress;

/** What differs for a kubelet without systemd on a host that others use: it makes no control groups. */
export const kubeletPatch = {
  ...{ cgroupDriver: 'cgroupfs', cgroupsPerQOS: false, enforceNodeAllocatable: [], failCgroupV1: false },
  ...{ protectKernelDefaults: false, evictionHard: { 'memory.available': '10Mi' } },
};

/** Prepares a machine for the agent: what of the operating system it starts and finds. */
const PREPARE = `set -e
mkdir -p "$1/usr/lib" "$1/work/usr/lib" "$1/containerd" /var/lib/containerd
mount -t overlay overlay -o "lowerdir=/usr/lib,upperdir=$1/usr/lib,workdir=$1/work/usr/lib" /usr/lib
mount --bind "$1/containerd" /var/lib/containerd
mount -t tmpfs tmpfs /run
# Entering a network namespace hides them.
if grep -q '^0::/' /proc/1/cgroup && [ "$(wc -l </proc/1/cgroup)" = 1 ]
then mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs cgroup /sys/fs/cgroup
  for kind in cpu cpuacct cpuset memory devices freezer blkio pids
  do mkdir "/sys/fs/cgroup/$kind"; mount -t cgroup -o "$kind" cgroup "/sys/fs/cgroup/$kind"; done
fi
mkdir -p /run/cpiab/kubeadm-patches /usr/lib/cpiab/bin
printf '#!/bin/sh\\n' >/usr/lib/cpiab/bin/attach
chmod 755 /usr/lib/cpiab/bin/attach
ln -sf /run/cpiab/hosts /etc/hosts
ip link delete cpiab0 2>/dev/null || true
ip link add cpiab0 type bridge
ip link set cpiab0 up
ip route add default dev cpiab0 metric 65535
nft -f -`;

/** A box with a control plane, and machines that join it: real programs in namespaces of this host. */
export class JoinLab {
  #scratch = '';
  #bundle = '';
  #box!: Machine;
  #pods!: StaticPods;
  #agent: ChildProcess | undefined;
  #lines: AsyncIterator<string> | undefined;
  readonly #workers: Worker[] = [];
  readonly #switch = new Switch(`cpiab-${process.pid}`);

  /** Starts the control plane. @param bundle directory of what the box serves; as much of one as engines look at unless told. */
  async open(bundle = ''): Promise<void> {
    this.#bundle = bundle;
    this.#scratch = await mkdtemp(join(tmpdir(), 'cpiab-join-'));
    await kubePrograms(join(this.#scratch, 'bin'));
    for (const name of ['containerd', 'registry', 'pod-network'])
      await programFiles(name, join(this.#scratch, 'bin'));
    await this.#switch.open();
    this.#box = new Machine('box', await this.#switch.attach('box', BOX), join(this.#scratch, 'box'));
    await this.#box.switchOn();
    for (const args of [
      ['link', 'add', 'cpiab0', 'type', 'bridge'],
      ['address', 'add', `${fixed}/32`, 'dev', 'cpiab0'],
      ['link', 'set', 'cpiab0', 'up'],
      ['route', 'add', 'default', 'dev', 'cpiab0', 'metric', '65535'],
    ])
      await this.#box.run(['ip', ...args]);
    await this.#box.run(['nft', '-f', '-'], { input: await rules() });
    const directory = join(this.#scratch, 'box-run');
    await mkdir(directory);
    this.#pods = new StaticPods(this.#box, () => join(directory, 'static-pods'));
    this.#pods.start();
    const self = { name: 'box', role: 'control-plane', joins: false, address: fixed, highlyAvailable: true };
    const input = JSON.stringify({ self, run: directory, order: { do: 'init' } });
    const script = join(here, '..', 'cluster', 'in-machine.ts');
    await Promise.all([
      this.#box.run([process.execPath, script], { input, timeoutMs: 300_000 }),
      this.#register(),
    ]);
    await mirrorEtcd({ name: 'box', machine: this.#box }, this.#box);
    void this.startAgent();
  }

  /** @param at moment at which it is killed. @returns settles when it has ended. */
  startAgent(at = ''): Promise<unknown> {
    const directory = join(this.#scratch, 'box-agent');
    const argv = this.#box.inside([
      process.execPath,
      join(here, 'box-child.ts'),
      directory,
      `${BOX}:7443`,
      at,
      this.#bundle,
    ]);
    this.#agent = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines: Interface = createInterface({ input: this.#agent.stdout as NodeJS.ReadableStream });
    this.#lines = lines[Symbol.asyncIterator]();
    return once(this.#agent, 'exit');
  }

  /** It ends with its standard input; what runs in a machine does not end with what started it there. */
  async stopAgent(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const ended = once(agent, 'exit');
    agent.stdin?.end();
    await ended;
  }

  /** Has the box's agent do something. Its own words are not answers. */
  async box<Answer>(order: string): Promise<Answer> {
    this.#agent?.stdin?.write(`${order}\n`);
    for (;;) {
      const line = String((await this.#lines?.next())?.value);
      if (!/^(?:\{"level"|before |after )/.test(line)) return JSON.parse(line) as Answer;
    }
  }

  async kubectl(...args: string[]): Promise<string> {
    return (await this.#box.run(['kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', ...args])).stdout;
  }

  /** What a node could still join with: names of Secrets. */
  async tokensOf(node: string): Promise<string[]> {
    const list = ['get', 'secrets', '--namespace', 'kube-system', '--output', 'json'];
    const { items } = JSON.parse(await this.kubectl(...list)) as {
      items: { metadata: { name: string }; data: { description?: string } }[];
    };
    const about = ({ description = '' }: { description?: string }) =>
      Buffer.from(description, 'base64').toString();
    return items
      .filter(({ data }) => about(data) === tokenDescription(node))
      .map(({ metadata }) => metadata.name);
  }

  /** Makes an object of its JSON. */
  async create(object: string): Promise<void> {
    const create = ['kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', 'create', '--filename', '-'];
    await this.#box.run(create, { input: object });
  }

  /** A place on the switch. @returns the name of its network namespace. */
  attach(name: string, address: string): Promise<string> {
    return this.#switch.attach(name, address);
  }

  /** The box's machine. */
  get machine(): Machine {
    return this.#box;
  }

  /** A machine that was never used, with an address on the switch. @param id its machine-id; the site lets the usual one in. */
  async worker(name: string, address: string, role: NodeRole = 'agent', id = machineId): Promise<Worker> {
    const network = await this.#switch.attach(name, address);
    const machine = new Machine(name, network, join(this.#scratch, name));
    const worker = new Worker(name, machine, join(this.#scratch, 'bin'), role, id);
    this.#workers.push(worker);
    await worker.switchOn();
    return worker;
  }

  /** Members of etcd, as the box's says: names of those that vote, and of those that only learn. */
  async members(): Promise<{ voters: string[]; learners: string[] }> {
    const list = ['member', 'list', '--write-out', 'json', '--hex'];
    const { stdout } = await this.#box.run([...etcdctl(`https://${fixed}:2379`), ...list]);
    const { members } = JSON.parse(stdout) as { members: { name?: string; isLearner?: boolean }[] };
    const named = (learns: boolean) =>
      members
        .filter(({ isLearner = false }) => isLearner === learns)
        .map(({ name = '' }) => name)
        .toSorted();
    return { voters: named(false), learners: named(true) };
  }

  async close(): Promise<void> {
    await this.stopAgent();
    for (const worker of this.#workers) await worker.switchOff();
    await this.#box?.switchOff();
    await this.#pods?.stop();
    await this.#switch.close();
    await removeTree(this.#scratch);
  }

  /** What kubelet of the box does when it comes up. */
  async #register(): Promise<void> {
    const labels = { 'kubernetes.io/hostname': 'box' };
    const node = JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'box', labels } });
    const create = [
      'kubectl',
      '--kubeconfig',
      '/etc/kubernetes/super-admin.conf',
      'create',
      '--filename',
      '-',
    ];
    const made = async () =>
      await this.#box.run(create, { input: node }).then(
        () => true,
        () => false,
      );
    await this.#box.waitFor(made, 180);
  }
}

/** One machine that joins. What is on its disk outlives its power. */
export class Worker {
  readonly name: string;
  readonly machine: Machine;
  readonly #programs: string;
  readonly #role: NodeRole;
  readonly #id: string;
  readonly #pods: StaticPods;

  /** @param programs directory of Kubernetes' and containerd's. */
  constructor(name: string, machine: Machine, programs: string, role: NodeRole, id: string) {
    this.name = name;
    this.machine = machine;
    this.#programs = programs;
    this.#role = role;
    this.#id = id;
    // Its kubelet has no images to run them from.
    this.#pods = new StaticPods(machine, () => machine.inner('/run/cpiab/static-pods'));
  }

  async switchOn(): Promise<void> {
    const { machine } = this;
    // Below what is mounted over it.
    await this.#install();
    await machine.switchOn();
    await machine.run(['sh', '-c', PREPARE, 'sh', machine.disk], { input: await rules() });
    const patch = '/run/cpiab/kubeadm-patches/kubeletconfiguration0+merge.json';
    await machine.run(['tee', patch], { input: JSON.stringify(kubeletPatch) });
    if (this.#role === 'control-plane') this.#pods.start();
  }

  async #install(): Promise<void> {
    const { machine } = this;
    const [bin, etc] = [machine.path('usr', 'local', 'bin'), machine.path('etc')];
    for (const directory of [bin, join(etc, 'containerd')]) await mkdir(directory, { recursive: true });
    for (const name of ['containerd', 'cpiab']) await run(['cp', '-r', join(files, 'etc', name), etc]);
    await writeFile(join(etc, 'machine-id'), `${this.#id}\n`);
    await run(['ln', '-sf', join(here, 'systemctl.ts'), join(bin, 'systemctl')]);
    // This host is not a box: kubeadm misses files and modules.
    const kubeadm = `#!/bin/sh\nexec ${this.#programs}/kubeadm "$@" --ignore-preflight-errors=all\n`;
    await writeFile(join(bin, 'kubeadm'), kubeadm, { mode: 0o755 });
  }

  async switchOff(): Promise<void> {
    await this.machine.switchOff();
    await this.#pods.stop();
  }

  /** Runs its agent until it says something. @param at moment at which it is killed. */
  agent(invitation: string, at = ''): WorkerAgent {
    const script = join(here, 'node-child.ts');
    const path = `PATH=/usr/local/bin:${process.env['PATH']}`;
    const argv = this.machine.inside(['env', path, process.execPath, script, this.name, invitation, at]);
    return new WorkerAgent([...argv, this.#role]);
  }
}

export class WorkerAgent {
  readonly ended: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #said: string[] = [];

  constructor([program = '', ...args]: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.ended = once(this.#child, 'exit');
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.#said.push(line),
    );
  }

  said(what: string): boolean {
    return this.#said.some((line) => line.includes(what));
  }
}

const rules = async () => await firewallRules(firewallElements(joinSite));
