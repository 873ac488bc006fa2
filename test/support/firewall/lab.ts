import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { firewallSet } from '../../../agent/node/link.ts';
import {
  type Dropped,
  type DropReason,
  dropReasonNames,
  firewallElements,
} from '../../../contract/firewall.ts';
import type { NodeRole } from '../../../contract/join-material.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import type { Order } from './inside.ts';
import type { Outcome, Probe } from './probe.ts';
import { firewallRules } from './rules.ts';

const script = join(import.meta.dirname, 'inside.ts');

export const at = {
  box: '192.0.2.1',
  box6: '2001:db8::1',
  lan: '192.0.2.10',
  lan6: '2001:db8::10',
  /** A server behind the LAN. */
  far: '198.51.100.7',
  /** As a site has them unless told. */
  node: '10.44.0.1',
  pod: '10.42.0.2',
  pod2: '10.42.0.3',
  service: '10.43.0.20',
} as const;

const quietReasons: readonly DropReason[] = dropReasonNames.filter((reason) => reason !== 'chatter');

type Place = 'box' | 'lan' | 'pod' | 'pod2';
/** Ports that something listens at, wherever it is: whether they answer is the firewall's doing alone. */
const tcp = [22, 80, 443, 2379, 5000, 6443, 7080, 7443, 10_250];
const udp = [53, 68, 546, 1900, 5353];

/** As CNI's portmap and kube-proxy translate: a port of the host and a Service's own address, both to a pod. */
const TRANSLATION = `table ip translation {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr ${at.box} tcp dport 8080 dnat to ${at.pod}:80
    ip daddr ${at.service} tcp dport 80 dnat to ${at.pod}:80
  }
  chain output {
    type nat hook output priority -100;
    ip daddr ${at.service} tcp dport 80 dnat to ${at.pod}:80
  }
}`;

/** Why this machine can't have such namespaces, or null. */
export async function whyNoLab(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'not root: namespaces and packet filters need it';
  return await run(['nft', '--version']).then(
    () => null,
    () => 'no nft: install nftables',
  );
}

/** A box's network made of namespaces: its card on a LAN, its bridge with two pods, its firewall. */
export class FirewallLab {
  readonly #children: ChildProcess[] = [];
  readonly #made: string[] = [];

  async open(): Promise<void> {
    for (const place of ['box', 'lan', 'pod', 'pod2'] as const) {
      await run(['ip', 'netns', 'add', name(place)]);
      this.#made.push(name(place));
      await this.#ip(place, 'link set lo up');
    }
    await this.#cables();
    await this.#addresses();
    await this.load();
    await run(this.inside('box', ['nft', '--file', '-']), { input: TRANSLATION });
    for (const place of ['box', 'lan', 'pod', 'pod2'] as const) await this.#listen(place);
  }

  /** Loads the box's own rule file, with what a site adds to it. */
  async load(egress: object[] = []): Promise<void> {
    const site = parseBoxSite({
      ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab' },
      ...{ engine: { version: 'v1.36.3' }, network: { egress } },
    });
    const input = await firewallRules(firewallElements(site));
    await run(this.inside('box', ['nft', '--file', '-']), { input });
  }

  async probe(from: Place, probes: Probe[]): Promise<Outcome[]> {
    return await this.#order<Outcome[]>(from, { do: 'probe', probes });
  }

  /**
   * What the firewall counted while something was done; reasons without a packet are left out. Chatter is not
   * looked at unless told: kernels ask for IPv6's routers and groups by themselves.
   */
  async counted(
    work: () => Promise<unknown>,
    reasons: readonly DropReason[] = quietReasons,
  ): Promise<Partial<Dropped>> {
    const before = await this.#order<Dropped>('box', { do: 'dropped' });
    await work();
    const after = await this.#order<Dropped>('box', { do: 'dropped' });
    const grown = reasons.map((reason) => [reason, after[reason] - before[reason]] as const);
    return Object.fromEntries(grown.filter(([, packets]) => packets > 0));
  }

  /** Makes `lan` a node of the box, of the control plane or not; null makes it a stranger again. */
  async makeLan(role: NodeRole | null): Promise<void> {
    const servers = role === 'control-plane' ? [at.lan] : [];
    const input = firewallSet('peers', role === null ? [] : [at.lan]) + firewallSet('servers', servers);
    await run(this.inside('box', ['nft', '--file', '-']), { input });
    if (role !== null) await this.#ip('lan', `route replace ${at.node}/32 via ${at.box}`);
  }

  /** Makes it a node, and `lan` its box, which has the fixed address then. */
  async becomeNode(): Promise<void> {
    await this.#ip('box', `address delete ${at.node}/32 dev cpiab0`);
    await this.#ip('lan', `address add ${at.node}/32 dev lo`);
    await this.#ip('box', `route add ${at.node}/32 via ${at.lan}`);
    const peers = `add element inet cpiab peers { ${at.lan}, ${at.node} }`;
    await run(this.inside('box', ['nft', peers]));
  }

  inside(place: Place, argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', name(place), ...argv];
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const one of this.#made) await run(['ip', 'netns', 'delete', one]).catch(() => {});
  }

  async #cables(): Promise<void> {
    await this.#ip('box', 'link add cni0 type bridge');
    await this.#ip('box', `link add eth0 type veth peer name eth0 netns ${name('lan')}`);
    for (const pod of ['pod', 'pod2'] as const) {
      await this.#ip('box', `link add veth-${pod} type veth peer name eth0 netns ${name(pod)}`);
      await this.#ip('box', `link set veth-${pod} master cni0 up`);
      await this.#ip(pod, 'link set eth0 up');
    }
    // A dummy on the box; not every kernel has those.
    await this.#ip('box', 'link add cpiab0 type bridge');
    for (const link of ['eth0', 'cni0', 'cpiab0']) await this.#ip('box', `link set ${link} up`);
    await this.#ip('lan', 'link set eth0 up');
  }

  async #addresses(): Promise<void> {
    const keys = ['ipv4.ip_forward=1', 'ipv6.conf.all.forwarding=1', 'ipv4.conf.all.rp_filter=2'];
    await run(this.inside('box', ['sysctl', '--quiet', ...keys.map((key) => `net.${key}`)]));
    await this.#ip('box', `address add ${at.box}/24 broadcast + dev eth0`);
    await this.#ip('box', `address add ${at.box6}/64 dev eth0 nodad`);
    await this.#ip('box', `address add ${at.node}/32 dev cpiab0`);
    await this.#ip('box', 'address add 10.42.0.1/24 dev cni0');
    await this.#ip('box', `route add ${at.far} via ${at.lan}`);
    // As 10-cpiab0.network has it: what nobody knows goes there.
    await this.#ip('box', 'route add default dev cpiab0 metric 65535');
    await this.#ip('lan', `address add ${at.lan}/24 broadcast + dev eth0`);
    await this.#ip('lan', `address add ${at.lan6}/64 dev eth0 nodad`);
    await this.#ip('lan', `address add ${at.far}/32 dev lo`);
    await this.#ip('lan', 'address add 10.42.0.99/32 dev lo');
    await this.#ip('lan', `route add default via ${at.box}`);
    for (const pod of ['pod', 'pod2'] as const) {
      await this.#ip(pod, `address add ${at[pod]}/24 dev eth0`);
      await this.#ip(pod, 'route add default via 10.42.0.1');
    }
  }

  async #ip(place: Place, words: string): Promise<void> {
    await run(['ip', '-n', name(place), ...words.split(' ')]);
  }

  async #listen(place: Place): Promise<void> {
    const [program = '', ...args] = this.inside(place, node({ do: 'listen', tcp, udp }));
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`nothing listens in ${place}`)));
    await Promise.race([once(child.stdout, 'data'), ended]);
    ended.catch(() => {});
  }

  async #order<Answer>(place: Place, order: Order): Promise<Answer> {
    return JSON.parse((await run(this.inside(place, node(order)))).stdout) as Answer;
  }
}

/** The process in it tells `Switch` whose namespaces are left over. */
const name = (place: Place) => `cpiab-${process.pid}-fw-${place}`;
/** The command that does something inside. */
export const node = (order: Order) => [process.execPath, script, JSON.stringify(order)];
