import { setTimeout as sleep } from 'node:timers/promises';
import { AddressSweep, PATIENCE_MS, TRIES } from './address-sweep.ts';
import { hostsOf } from './ipv4.ts';
import type { Link } from './links.ts';
import { NeighbourCommands } from './neighbour-commands.ts';
import {
  type Neighbour,
  readArpTable,
  readIpv6Table,
  readNeighbours,
  type TableEntry,
} from './neighbours.ts';

export interface SweepOptions {
  /** Questions in a second. */
  perSecond: number;
  /** Networks of more addresses are left out. */
  most: number;
}

export const sweepable = ({ networks }: Pick<Link, 'networks'>, most: number) =>
  networks.filter(({ size }) => size <= most);

/** Asks every address of a link's networks by ARP (RFC 826). @returns who answered. */
export async function sweepLink(
  link: Link,
  { perSecond, most }: SweepOptions,
  signal: AbortSignal,
): Promise<Neighbour[]> {
  const addresses = sweepable(link, most).flatMap((network) => [...hostsOf(network)]);
  const readTable = async () => (await readArpTable()).filter((entry) => entry.link === link.name);
  return await askAll(link, 4, { addresses, readTable, perSecond }, signal);
}

/** Asks some IPv6 addresses by neighbour solicitation (RFC 4861 section 7.2). @returns who answered. */
export async function solicit(
  link: Link,
  addresses: readonly string[],
  perSecond: number,
  signal: AbortSignal,
): Promise<Neighbour[]> {
  const readTable = async () => (await readIpv6Table(signal)).filter((entry) => entry.link === link.name);
  return await askAll(link, 6, { addresses, readTable, perSecond }, signal);
}

interface Questions {
  addresses: readonly string[];
  readTable: () => Promise<TableEntry[]>;
  perSecond: number;
}

async function askAll(
  link: Link,
  family: 4 | 6,
  { addresses, readTable, perSecond }: Questions,
  signal: AbortSignal,
): Promise<Neighbour[]> {
  const before = (await readNeighbours(family, signal)).filter((entry) => entry.link === link.name);
  const known = before.map(({ address }) => address);
  const skipped = new Set([...known, ...link.own]);
  const fresh = [...new Set(addresses)].filter((address) => !skipped.has(address));
  const commands = new NeighbourCommands(link.name, signal);
  try {
    const [found, renewed] = await Promise.all([
      new AddressSweep(commands, readTable, perSecond).run(fresh, signal),
      askKnown({ link: link.name, family, known }, commands, signal),
    ]);
    return [...renewed, ...found];
  } finally {
    await commands.close();
  }
}

/** Hosts that the kernel knows: they are asked directly, and what uses their entry goes on. */
async function askKnown(
  { link, family, known }: { link: string; family: 4 | 6; known: readonly string[] },
  commands: NeighbourCommands,
  signal: AbortSignal,
): Promise<Neighbour[]> {
  const found = new Map<string, Neighbour>();
  const silent = new Set(known);
  for (let tries = 0; tries < TRIES.lossy && silent.size > 0; tries += 1) {
    for (const address of silent) commands.askAgain(address);
    await sleep(PATIENCE_MS, undefined, { signal });
    const table = (await readNeighbours(family, signal)).filter((entry) => entry.link === link);
    for (const entry of table.filter(({ state }) => state === 'REACHABLE'))
      if (silent.delete(entry.address)) found.set(entry.address, entry);
  }
  return [...found.values()];
}
