import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../../agent/until.ts';
import { firewallElements } from '../../../contract/firewall.ts';
import { type PodNetworkStatus, PodNetworkStatusSchema } from '../../../contract/pod-network.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { type ProcessError, run } from '../../../host/process.ts';
import type { Probe } from '../firewall/probe.ts';
import { firewallRules } from '../firewall/rules.ts';
import { kubePrograms, programFiles } from '../kube-programs.ts';
import { ApiServer } from './api-server.ts';
import {
  type CastName,
  cast,
  type NodeName,
  nodeNames,
  nodes,
  type PodName,
  podNames,
  pods,
} from './cast.ts';
import { Place } from './place.ts';

const API = '192.0.2.100';
const tcp = [80, 81, 85, 8080, 9000];
const udp = [53, 80, 9999];

/** As CNI's portmap and kube-proxy translate: a port of the node and a Service's own address, both to `server`. */
const TRANSLATION = `table ip translation {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr ${nodes['node-a'].address} tcp dport 30080 dnat to ${pods.server.address}:80
    ip daddr 10.43.0.20 tcp dport 80 dnat to ${pods.server.address}:80
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${pods.server.address} ip daddr ${pods.server.address} masquerade
  }
}`;

/** Why this host can't have such a lab, or null. */
export async function whyNoPodNetwork(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'not root: namespaces, bridges and packet filters need it';
  const probe = `cpiab-${process.pid}-probe`;
  try {
    await run(['ip', 'netns', 'add', probe]);
    await run(['ip', '-n', probe, ...'link add vx type vxlan id 1 dstport 8472'.split(' ')]);
    await run(['ip', 'netns', 'exec', probe, 'nft', 'add table inet probe']);
    await run(['ip', 'netns', 'exec', probe, 'sysctl', 'net.bridge.bridge-nf-call-iptables']);
    return null;
  } catch (error) {
    return (error as ProcessError).message;
  } finally {
    await run(['ip', 'netns', 'delete', probe]).catch(() => {});
  }
}

/**
 * Two nodes and a machine outside on one network, with pods on bridges, each a network namespace: packets and rules
 * are real, and so is the API server; containers are not there.
 */
export class PodNetworkLab {
  readonly #places = new Map<string, Place>();
  readonly #services = new Map<NodeName, ChildProcess>();
  readonly #directory: string;
  readonly #program: string;
  api!: ApiServer;

  constructor(directory: string) {
    this.#directory = directory;
    this.#program = join(directory, 'own', 'pod-network');
  }

  async open(): Promise<void> {
    await kubePrograms(join(this.#directory, 'bin'));
    await programFiles('pod-network', join(this.#directory, 'own'));
    await this.#network();
    this.api = new ApiServer(this.place('lan'), API);
    await this.api.open(join(this.#directory, 'api'), nodeNames);
    await this.#objects();
    for (const node of nodeNames) await this.start(node);
    for (const node of nodeNames)
      await until(() => existsSync(this.#file(node, 'status.json')), AbortSignal.timeout(60_000));
  }

  async close(): Promise<void> {
    for (const child of this.#services.values()) child.kill('SIGKILL');
    this.api?.close();
    for (const place of this.#places.values()) await place.close();
  }

  place(name: CastName): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`there is no ${name}`);
    return place;
  }

  /** Starts the program on a node, as its unit does. */
  async start(node: NodeName): Promise<void> {
    const settings = this.#file(node, 'settings.json');
    await mkdir(this.#file(node), { recursive: true });
    await writeFile(settings, JSON.stringify({ node, backend: 'vxlan' }));
    await writeFile(this.#file(node, 'kubelet.conf'), this.api.kubeconfig(node));
    const flags = ['--settings', settings, '--kubeconfig', this.#file(node, 'kubelet.conf')];
    const places = ['--cni', this.cni(node), '--run', this.#file(node)];
    const [program = '', ...args] = this.place(node).inside([this.#program, ...flags, ...places]);
    this.#services.set(node, spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }));
  }

  kill(node: NodeName): void {
    this.#services.get(node)?.kill('SIGKILL');
  }

  cni(node: NodeName): string {
    return this.#file(node, '10-cpiab.conflist');
  }

  /** Runs the program as containerd runs a CNI plugin, for a pod that has got an address. */
  async add(node: NodeName, namespace: string, pod: string, address: string): Promise<string> {
    const ips = [{ address: `${address}/24` }];
    const config = {
      cniVersion: '1.0.0',
      socket: this.#file(node, 'pod-network.sock'),
      prevResult: { cniVersion: '1.0.0', ips },
    };
    const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${pod}`;
    const environment = ['env', 'CNI_COMMAND=ADD', `CNI_ARGS=${args}`];
    const { stdout } = await run(this.place(node).inside([...environment, this.#program]), {
      input: JSON.stringify(config),
    });
    return stdout;
  }

  async status(node: NodeName): Promise<PodNetworkStatus> {
    return PodNetworkStatusSchema.parse(JSON.parse(await readFile(this.#file(node, 'status.json'), 'utf8')));
  }

  /** Waits until both nodes enforce as many policies. */
  async enforced(policies: number): Promise<void> {
    const enforce = async (node: NodeName) => (await this.status(node)).policies === policies;
    for (const node of nodeNames) await until(() => enforce(node), AbortSignal.timeout(20_000));
  }

  /**
   * Which of the ways are open.
   * @param ways such as `client server tcp 80`; `server6` is its IPv6 address.
   * @param again those of which silence is asked again: a busy machine may be late once.
   */
  async reach(ways: readonly string[], again: readonly string[] = ways): Promise<string[]> {
    const first = await this.#answered(ways);
    const second = await this.#answered(again.filter((way) => !first.has(way)));
    return ways.filter((way) => first.has(way) || second.has(way));
  }

  async #answered(ways: readonly string[]): Promise<Set<string>> {
    const byPlace = Map.groupBy(ways, (way) => way.split(' ')[0] as CastName);
    const open = await Promise.all(
      [...byPlace].map(async ([from, told]) => {
        const outcomes = await this.place(from).probe(told.map(probeOf));
        return told.filter((_, index) => outcomes[index]?.answers === true);
      }),
    );
    return new Set(open.flat());
  }

  #file(node: NodeName, ...names: string[]): string {
    return join(this.#directory, node, ...names);
  }

  async #network(): Promise<void> {
    for (const name of cast) this.#places.set(name, await Place.make(`cpiab-${process.pid}-${name}`));
    const lan = this.place('lan');
    await lan.ip('link add lan0 type bridge');
    await lan.ip('link set lan0 up');
    await lan.ip(`address add ${API}/24 dev lan0`);
    await this.#plug('outside', 'lan', 'lan0');
    await this.place('outside').ip('address add 192.0.2.50/24 dev eth0');
    await this.place('outside').ip('address add 192.0.2.51/24 dev eth0');
    for (const node of nodeNames) await this.#node(node);
    for (const pod of podNames) await this.#pod(pod);
    await Promise.all([...podNames, 'outside' as const].map((name) => this.place(name).listen(tcp, udp)));
    await this.place('node-a').nft(TRANSLATION);
  }

  /** A cable from a place to a bridge of another. */
  async #plug(place: CastName, other: CastName, bridge: string): Promise<void> {
    await this.place(other).ip(
      `link add to-${place} type veth peer name eth0 netns ${this.place(place).name}`,
    );
    await this.place(other).ip(`link set to-${place} master ${bridge} up`);
    await this.place(place).ip('link set eth0 up');
  }

  async #node(name: NodeName): Promise<void> {
    const { address, gateway, gateway6 } = nodes[name];
    await this.#plug(name, 'lan', 'lan0');
    const place = this.place(name);
    for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) await place.set(key, '1');
    await place.ip(`address add ${address}/24 dev eth0`);
    await place.ip('link add cni0 type bridge');
    await place.ip('link set cni0 up');
    await place.ip(`address add ${gateway}/24 dev cni0`);
    await place.ip(`address add ${gateway6}/64 dev cni0 nodad`);
    const site = parseBoxSite({
      ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab', engine: { version: 'v1.36.3' } },
      network: {
        egress: [
          { to: '192.0.2.0/24', protocol: 'tcp', port: 80 },
          { to: API, protocol: 'tcp', port: 6443 },
        ],
      },
    });
    await place.nft(await firewallRules(firewallElements(site)));
  }

  async #pod(name: PodName): Promise<void> {
    const { node, address, address6 } = pods[name];
    await this.#plug(name, node, 'cni0');
    await this.place(node).ip(`link set to-${name} type bridge_slave hairpin on`);
    await this.place(name).ip(`address add ${address}/24 dev eth0`);
    await this.place(name).ip(`address add ${address6}/64 dev eth0 nodad`);
    await this.place(name).ip(`route add default via ${nodes[node].gateway}`);
  }

  async #objects(): Promise<void> {
    for (const name of nodeNames) await this.makeNode(name);
    for (const [name, team] of [
      ['team', 'red'],
      ['other', 'blue'],
    ] as const)
      await this.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { team } } });
    for (const name of podNames) await this.makePod(name);
  }

  async makeNode(name: NodeName): Promise<void> {
    const { address, podCIDR } = nodes[name];
    await this.api.apply(
      { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { podCIDR } },
      `/api/v1/nodes/${name}`,
    );
    await this.api.tell(`/api/v1/nodes/${name}`, { addresses: [{ type: 'InternalIP', address }] });
  }

  /** Makes a pod's object. @param addresses none for one that the cluster does not know the address of. */
  async makePod(
    name: PodName,
    addresses: readonly string[] = [pods[name].address, pods[name].address6],
  ): Promise<void> {
    const { namespace, node, labels, ports } = pods[name];
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const containers = [{ name: 'main', image: 'none', ports }];
    const spec = { nodeName: node, containers };
    await this.api.apply(
      { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec },
      path,
    );
    await this.api.tell(path, {
      phase: 'Running',
      podIPs: addresses.map((ip) => ({ ip })),
      podIP: addresses[0],
    });
  }
}

function probeOf(way: string): Probe {
  const [, to = '', protocol = '', port = ''] = way.split(' ');
  return { protocol: protocol as Probe['protocol'], host: addressOf(to), port: Number(port) };
}

/** @param name such as `server`, `server6`, `node-a`, or an address. */
function addressOf(name: string): string {
  const six = name.endsWith('6') ? name.slice(0, -1) : '';
  if (six in pods) return pods[six as PodName].address6;
  if (name in pods) return pods[name as PodName].address;
  if (name in nodes) return nodes[name as NodeName].address;
  return name === 'outside' ? '192.0.2.50' : name;
}
