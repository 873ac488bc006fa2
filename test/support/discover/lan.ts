import { join } from 'node:path';
import { run } from '../../../host/process.ts';
import { Switch } from '../cluster/switch.ts';

/** A link with a box and its neighbours: real hosts in network namespaces, and crowds that only answer to ARP. */
export class Lan {
  readonly #switch: Switch;

  private constructor(prefix: string) {
    this.#switch = new Switch(prefix);
  }

  /** @param name tells runs within one process apart. */
  static async open(name: string): Promise<Lan> {
    const lan = new Lan(`cpiab-${process.pid}-${name}`);
    await lan.#switch.open();
    return lan;
  }

  /** A host of its own, with a card `eth0`. @returns its namespace. */
  async host(name: string, address: string, length = 24): Promise<string> {
    const namespace = await this.#switch.attach(name, address, length);
    // A host that has just come up does not wait for others that might have its address.
    await inside(namespace, ['sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=0']);
    return namespace;
  }

  /** Pulls a host's cable, or puts it in again. */
  async cable(name: string, state: 'up' | 'down'): Promise<void> {
    await this.#switch.cable(name, state);
  }

  /**
   * Hosts in one namespace, each with a card and so a hardware address of its own.
   * @param length of the network's prefix.
   */
  async crowd(name: string, [carrier = '', ...addresses]: readonly string[], length = 24): Promise<string> {
    const namespace = await this.#switch.attach(name, carrier, length);
    // Each card answers for its own address only.
    await inside(namespace, [
      'sysctl',
      '-qw',
      'net.ipv4.conf.all.arp_ignore=1',
      'net.ipv6.conf.all.disable_ipv6=1',
    ]);
    const lines = addresses.flatMap((address, index) => [
      `link add link eth0 name c${index} type macvlan mode bridge`,
      `address add ${address}/${length} dev c${index} noprefixroute`,
      `link set c${index} up`,
    ]);
    await run(['ip', '-netns', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    return namespace;
  }

  /** Loses a share of all packets that come to a namespace's card, whatever they are. */
  async lose(namespace: string, percent: number): Promise<void> {
    const rules = `
      add table netdev loss
      add chain netdev loss in { type filter hook ingress device "eth0" priority 0; }
      flush chain netdev loss in
      add rule netdev loss in numgen random mod 100 < ${percent} drop`;
    await inside(namespace, ['nft', '-f', '-'], rules);
  }

  async close(): Promise<void> {
    await this.#switch.close();
  }
}

/** Runs a program in a namespace. */
export async function inside(namespace: string, argv: readonly string[], input = ''): Promise<string> {
  return (await run(['ip', 'netns', 'exec', namespace, ...argv], { input })).stdout;
}

/** `10.77.0.20`, and so many after it. */
export function addressesFrom(first: string, count: number): string[] {
  const start = first.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return Array.from({ length: count }, (_, index) =>
    [24, 16, 8, 0].map((shift) => Math.floor((start + index) / 2 ** shift) % 256).join('.'),
  );
}

/** What one sweep of a namespace's `eth0` finds. */
export interface Swept {
  tookMs: number;
  addresses: readonly string[];
}

/** @param perSecond questions in a second; what a site has unless told. */
export async function sweepIn(namespace: string, perSecond?: number): Promise<Swept> {
  const script = join(import.meta.dirname, 'sweep-child.ts');
  const argv = [process.execPath, script, ...(perSecond === undefined ? [] : [String(perSecond)])];
  return JSON.parse(await inside(namespace, argv)) as Swept;
}
