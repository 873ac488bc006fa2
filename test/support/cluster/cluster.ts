import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { balancerConfig, hostsText } from '../../../agent/engine/kubeadm/endpoint.ts';
import type { EtcdMember } from '../../../agent/engine/kubeadm/etcd/members.ts';
import type { JoinMaterial } from '../../../contract/join-material.ts';
import { type ProcessError, run } from '../../../host/process.ts';
import { kubePrograms } from '../kube-programs.ts';
import { removeTree } from '../remove-tree.ts';
import { etcdctl, mirrorEtcd } from './etcd.ts';
import type { Order } from './in-machine.ts';
import { Machine } from './machine.ts';
import { StaticPods } from './static-pods.ts';
import { Switch } from './switch.ts';
import type { Write } from './write-steadily.ts';

const here = import.meta.dirname;
const ADMIN = '/etc/kubernetes/admin.conf';
const address = (number: number) => `10.99.0.${10 + number}`;

/** One server: a machine, what runs its static pods, and its place on the switch. */
export interface Server {
  name: string;
  address: string;
  machine: Machine;
  pods: StaticPods;
  run: string;
}

/** Why this host can't have such a cluster, or null. */
export async function whyNoCluster(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'not root: namespaces, mounts and bridges need it';
  const probe = `cpiab-${process.pid}-probe`;
  try {
    await run(['ip', 'netns', 'add', probe]);
    await run(['ip', 'netns', 'delete', probe]);
    await run(['haproxy', '-v']);
    return null;
  } catch (error) {
    return (error as ProcessError).message;
  }
}

/** Three servers and a client on a switch, all made of namespaces of this host. */
export class Cluster {
  readonly servers: Server[] = [];
  client!: Machine;
  #scratch = '';
  readonly #switch = new Switch(`cpiab-${process.pid}`);

  async open(): Promise<void> {
    this.#scratch = await mkdtemp(join(tmpdir(), 'cpiab-ha-'));
    await kubePrograms(join(this.#scratch, 'bin'));
    await this.#switch.open();
    for (const number of [1, 2, 3]) {
      const name = `server-${number}`;
      const network = await this.#switch.attach(name, address(number));
      const machine = new Machine(name, network, join(this.#scratch, name));
      const directory = join(this.#scratch, `${name}-run`);
      const pods = new StaticPods(machine, () => join(directory, 'static-pods'));
      this.servers.push({ name, address: address(number), machine, pods, run: directory });
    }
    this.client = new Machine(
      'client',
      await this.#switch.attach('client', address(0)),
      join(this.#scratch, 'client'),
    );
  }

  server(number: 1 | 2 | 3): Server {
    return this.servers[number - 1] as Server;
  }

  async start({ machine, pods, name }: Server): Promise<void> {
    await this.#switch.cable(name, 'up');
    await machine.switchOn();
    pods.start();
  }

  /** Ends it as a power cut does: no process says goodbye, no connection is closed. */
  async cut({ machine, pods, name }: Server): Promise<void> {
    await this.#switch.cable(name, 'down');
    await machine.switchOff();
    await pods.stop();
  }

  /** Makes it a machine that was never used. */
  async wipe({ machine, run: directory }: Server): Promise<void> {
    await removeTree(machine.disk);
    await removeTree(directory);
  }

  /** Has the engine do something on a server. */
  async order<Answer = null>(
    { machine, name, address, run: directory }: Server,
    order: Order,
  ): Promise<Answer> {
    await mkdir(directory, { recursive: true });
    const self = { name, role: 'control-plane', joins: false, address, highlyAvailable: true };
    const { stdout } = await machine.run([process.execPath, join(here, 'in-machine.ts')], {
      input: JSON.stringify({ self, run: directory, order }),
      onLine: (line, stream) => stream === 'stderr' && process.stderr.write(`${line}\n`),
      timeoutMs: 300_000,
    });
    return JSON.parse(stdout) as Answer;
  }

  /** What kubelet does when it comes up: a Node, without which kubeadm has nothing to mark. */
  async register({ machine, name }: Server, kubeconfig: string): Promise<void> {
    const node = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    });
    const create = ['kubectl', '--kubeconfig', kubeconfig, 'create', '--filename', '-'];
    await machine.waitFor(
      async () =>
        await machine.run(create, { input: node }).then(
          () => true,
          (error: ProcessError) => error.stderr.includes('AlreadyExists'),
        ),
      180,
    );
  }

  async init(server: Server): Promise<void> {
    await this.start(server);
    await Promise.all([
      this.order(server, { do: 'init' }),
      this.register(server, '/etc/kubernetes/super-admin.conf'),
    ]);
    await mirrorEtcd(server, server.machine);
  }

  /** Takes one in, by what another gives out for it. */
  async join(server: Server, by: Server): Promise<void> {
    const material = await this.order<JoinMaterial>(by, { do: 'mint', node: server.name });
    await this.start(server);
    await this.register({ ...by, name: server.name }, ADMIN);
    await this.order(server, { do: 'join', material });
    await mirrorEtcd(server, by.machine);
  }

  /** Voters that answer, by name, as a server sees them. */
  async healthyVoters(by: Server): Promise<string[]> {
    const members = await this.order<EtcdMember[]>(by, { do: 'members' });
    const found = await Promise.all(
      members
        .filter(({ learner }) => !learner)
        .map(async ({ name, peers }) => {
          const at = `https://${new URL(peers[0] ?? '').hostname}:2379`;
          return await by.machine.run([...etcdctl(at), 'endpoint', 'health']).then(
            () => [name],
            () => [],
          );
        }),
    );
    return found.flat().toSorted();
  }

  /** The name of the server that leads etcd. */
  async leader(by: Server): Promise<Server> {
    const endpoints = this.servers.map((server) => `https://${server.address}:2379`).join(',');
    const ask = [...etcdctl(endpoints), 'endpoint', 'status', '--write-out', 'json', '--hex'];
    const { stdout } = await by.machine.run(ask);
    const status = JSON.parse(stdout) as {
      Endpoint: string;
      Status: { header: { member_id: unknown }; leader: unknown };
    }[];
    const leading = status.find(({ Status }) => String(Status.header.member_id) === String(Status.leader));
    const server = this.servers.find(({ address: at }) => leading?.Endpoint.includes(at));
    if (server === undefined) throw new Error(`nobody leads: ${stdout}`);
    return server;
  }

  /** A client that reaches the servers through its own balancer, as an agent does. */
  async openClient(kubeconfig: string): Promise<void> {
    await this.client.switchOn();
    const file = join(this.#scratch, 'haproxy.cfg');
    await writeFile(file, balancerConfig(this.servers.map((server) => server.address)));
    await writeFile(
      this.client.path('etc', 'hosts'),
      hostsText({ name: 'client', address: address(0) }, '127.0.0.1'),
    );
    await writeFile(join(this.#scratch, 'client.conf'), kubeconfig, { mode: 0o600 });
    const [program = '', ...args] = this.client.inside(['haproxy', '-db', '-f', file]);
    spawn(program, args, { stdio: 'ignore' });
    await this.client.waitFor(
      async () =>
        await this.kubectl('get', '--raw', '/readyz').then(
          () => true,
          () => false,
        ),
      60,
    );
  }

  async kubectl(...args: string[]): Promise<string> {
    const kubectl = ['kubectl', '--kubeconfig', join(this.#scratch, 'client.conf')];
    return (await this.client.run([...kubectl, ...args])).stdout;
  }

  /** Writes to the API from the client. */
  writer(perSecond: number): Writer {
    const script = join(here, 'write-steadily.ts');
    const argv = [process.execPath, script, join(this.#scratch, 'client.conf'), String(perSecond)];
    return new Writer(this.client.inside(argv));
  }

  async close(): Promise<void> {
    for (const { machine, pods } of this.servers) {
      await machine.switchOff();
      await pods.stop();
    }
    await this.client?.switchOff();
    await this.#switch.close();
    await removeTree(this.#scratch);
  }
}

/** Collects what a steady writer was told. */
export class Writer {
  readonly writes: Write[] = [];
  readonly #child: ChildProcess;

  constructor(argv: readonly string[]) {
    const [program = '', ...args] = argv;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('no output');
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.writes.push(JSON.parse(line) as Write),
    );
  }

  get acknowledged(): Write[] {
    return this.writes.filter(({ acknowledgedMs }) => acknowledgedMs !== null);
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'close');
    this.#child.stdin?.end();
    await exited;
  }
}
