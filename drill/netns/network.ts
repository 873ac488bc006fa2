import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gatewayOf, lengthOf } from '../../contract/drill/network.ts';
import type { BankName } from '../../contract/drill/scenario.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { bankNames, otherBank, type PlacedHost, type World } from '../world.ts';
import { inside } from './command.ts';

/** Between the gateways. Source: RFC 6598, shared address space. */
const CABLE: Record<BankName, string> = { a: '100.64.0.1', b: '100.64.0.2' };
/** `ip netns exec` shows its files as those of /etc. Source: ip-netns(8). */
const RESOLVERS = '/etc/netns';

/**
 * Makes both banks anew: a switch and a gateway each, a namespace for each host, one cable between them.
 * @param more addresses that are inside besides the banks' own: nodes find their box at the site's `network.nodeAddress`.
 */
export async function openNetwork(world: World, more: readonly string[]): Promise<void> {
  const within = [insideOf(world), ...more].join(', ');
  await closeNetwork(world);
  for (const bank of bankNames) await openGateway(world, bank, within);
  const [a, b] = [world.gateway('a'), world.gateway('b')];
  await run(['ip', '-n', a, 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', b]);
  for (const bank of bankNames) {
    const other = otherBank(bank);
    await batch(world.gateway(bank), [
      `address add ${CABLE[bank]}/30 dev cable`,
      'link set cable up',
      `route add ${world.scenario.banks[other].network} via ${CABLE[other]}`,
    ]);
  }
  for (const bank of bankNames)
    for (const host of world.hosts(bank))
      await (world.isMachine(host) ? attachMachine(world, host, within) : attach(world, host));
}

/** Namespaces of this drill. They outlive its process, and not a restart of this machine. */
export async function namespacesOf(world: World): Promise<string[]> {
  const { stdout } = await run(['ip', 'netns', 'list']);
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  return names.filter((name) => name.startsWith(`cpiab-drill-${world.id}-`));
}

/** Takes away every namespace of this drill, also of one that was killed. */
export async function closeNetwork(world: World): Promise<void> {
  for (const name of await namespacesOf(world)) {
    await run(['ip', 'netns', 'delete', name]);
    await rm(join(RESOLVERS, name), { recursive: true, force: true });
  }
}

async function openGateway(world: World, bank: BankName, within: string): Promise<void> {
  const name = world.gateway(bank);
  const { network } = world.scenario.banks[bank];
  await run(['ip', 'netns', 'add', name]);
  await quiet(name, ['net.ipv4.ip_forward=1']);
  await batch(name, [
    'link set lo up',
    'link add lan type bridge',
    `address add ${gatewayOf(network)}/${lengthOf(network)} dev lan`,
    'link set lan up',
  ]);
  await inside(name, ['nft', '-f', '-'], { input: firewall(within, 'forward') });
}

async function attach(world: World, host: PlacedHost): Promise<void> {
  const name = world.namespace(host);
  const { network, domain } = world.scenario.banks[host.bank];
  const gateway = world.gateway(host.bank);
  await run(['ip', 'netns', 'add', name]);
  await quiet(name, []);
  await batch(gateway, [
    `link add ${host.name} type veth peer name eth0 netns ${name}`,
    `link set ${host.name} master lan up`,
  ]);
  await batch(name, [
    'link set lo up',
    `address add ${host.address}/${lengthOf(network)} dev eth0`,
    'link set eth0 up',
    `route add default via ${gatewayOf(network)}`,
  ]);
  await inside(name, ['nft', '-f', '-'], { input: firewall(insideOf(world), 'output') });
  const directory = await ensureDirectory(join(RESOLVERS, name));
  const resolver = world.host(host.bank, 'dns').address;
  await writeAtomic(join(directory, 'resolv.conf'), `search ${domain}\nnameserver ${resolver}\n`);
}

/** The tap of a virtual machine, in its namespace. */
export const TAP = 'tap';

/** A namespace between a virtual machine and its bank's switch: what the machine sends is counted there as a host's is. */
async function attachMachine(world: World, host: PlacedHost, within: string): Promise<void> {
  const name = world.namespace(host);
  await run(['ip', 'netns', 'add', name]);
  await quiet(name, []);
  await batch(world.gateway(host.bank), [
    `link add ${host.name} type veth peer name eth0 netns ${name}`,
    `link set ${host.name} master lan up`,
  ]);
  await batch(name, [
    'link set lo up',
    'link add lan type bridge',
    `tuntap add ${TAP} mode tap`,
    `link set ${TAP} master lan up`,
    'link set eth0 master lan up',
    'link set lan up',
  ]);
  const rules = `
    table netdev drill {
      counter egress {
      }
      set inside {
        type ipv4_addr; flags interval; elements = { ${within} }
      }
      chain out {
        type filter hook ingress device "${TAP}" priority 0
        ${ALLOWED}
        meta protocol { ip, ip6 } counter name egress drop
      }
    }`;
  await inside(name, ['nft', '-f', '-'], { input: rules });
}

/** Nothing of IPv6, which would talk by itself, and no waiting for addresses. */
async function quiet(namespace: string, more: readonly string[]): Promise<void> {
  const settings = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1', ...more];
  await inside(namespace, ['sysctl', '-qw', ...settings]);
}

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  await run(['ip', '-netns', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/**
 * What may leave: packets to the banks, and those of the link, which a gateway sees where its kernel shows it what its
 * switch passes on. All else is counted and dropped. `inet cpiab` is as much of a box's firewall as enrolment writes to.
 */
function firewall(within: string, hook: 'output' | 'forward'): string {
  return `
    table inet drill {
      counter egress {
      }
      set inside {
        type ipv4_addr; flags interval; elements = { ${within} }
      }
      chain ${hook} {
        type filter hook ${hook} priority 0; policy drop;
        ${hook === 'output' ? 'oifname "lo" accept' : ''}
        ${ALLOWED}
        counter name egress
      }
    }
    table inet cpiab {
      set peers { type ipv4_addr; }
      set servers { type ipv4_addr; }
    }
  `;
}

/** What no router passes on, unicast and multicast: machines have IPv6 and talk so by themselves. Source: RFC 4291, 2.5.6 and 2.7. */
const LINK = '{ fe80::/10, ff02::/16 }';
/** Rules of what is no egress. */
const ALLOWED = `ip daddr @inside accept; ip6 daddr ${LINK} accept`;

/** Both banks, and multicast of the link (RFC 5771 section 4). */
const insideOf = ({ scenario: { banks } }: World) =>
  [banks.a.network, banks.b.network, '224.0.0.0/24'].join(', ');

/** Packets that a namespace tried to send elsewhere. */
async function egressOf(namespace: string, family: 'inet' | 'netdev'): Promise<number> {
  const listed = await inside(namespace, ['nft', '-j', 'list', 'counter', family, 'drill', 'egress']);
  const { nftables } = JSON.parse(listed) as { nftables: { counter?: { packets: number } }[] };
  const packets = nftables.find(({ counter }) => counter !== undefined)?.counter?.packets;
  if (packets === undefined) throw new Error(`${namespace} has no counter`);
  return packets;
}

/** Refused packets of every host and gateway, by `bank/host`. */
export async function egressCounts(world: World): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const bank of bankNames) {
    counts[`${bank}/gateway`] = await egressOf(world.gateway(bank), 'inet');
    for (const host of world.hosts(bank))
      counts[`${bank}/${host.name}`] = await egressOf(
        world.namespace(host),
        world.isMachine(host) ? 'netdev' : 'inet',
      );
  }
  return counts;
}

/** Pulls the cables of hosts, or puts them in again: who talks to them is told nothing of it. */
export async function plug(world: World, hosts: readonly PlacedHost[], state: 'up' | 'down'): Promise<void> {
  for (const { bank, name } of hosts)
    await run(['ip', '-n', world.gateway(bank), 'link', 'set', name, state]);
}

/** Pulls the cable between the banks, or puts it in again. */
export async function cable(world: World, state: 'up' | 'down'): Promise<void> {
  await run(['ip', '-n', world.gateway('a'), 'link', 'set', 'cable', state]);
  // A route goes with its link.
  if (state === 'up')
    await run([
      'ip',
      '-n',
      world.gateway('a'),
      'route',
      'replace',
      world.scenario.banks.b.network,
      'via',
      CABLE.b,
    ]);
}

/** Loses a share of the packets that come over the cable, both ways. 0 loses none. */
export async function lose(world: World, percent: number): Promise<void> {
  const lossy = `
    table netdev loss {
      chain in {
        type filter hook ingress device "cable" priority 0
        numgen random mod 100 < ${percent} drop
      }
    }`;
  const rules = `
    add table netdev loss
    delete table netdev loss
    ${percent === 0 ? '' : lossy}`;
  for (const bank of bankNames) await inside(world.gateway(bank), ['nft', '-f', '-'], { input: rules });
}
