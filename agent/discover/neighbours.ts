import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { run } from '../../host/process.ts';

/** Someone on a link whose hardware address the kernel knows. */
export interface Neighbour {
  link: string;
  address: string;
  mac: string;
}

/** An entry of the kernel's table; without a hardware address as long as it asks for one. */
export interface TableEntry {
  link: string;
  address: string;
  mac: string | null;
}

/** ATF_COM: the hardware address is known. Source: linux/if_arp.h. */
const COMPLETE = 0x2;
const NOBODY = '00:00:00:00:00:00';
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** The kernel's IPv4 neighbours. Reading this file starts no program, so it can be done often. Source: proc_net(5). */
export async function readArpTable(): Promise<TableEntry[]> {
  return parseArpTable(await readFile('/proc/net/arp', 'utf8'));
}

export function parseArpTable(text: string): TableEntry[] {
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(([address = '', , flags = '', mac = '', , link = '']) => {
      const isKnown = (Number(flags) & COMPLETE) !== 0 && MAC.test(mac) && mac !== NOBODY;
      return { link, address, mac: isKnown ? mac : null };
    });
}

/** `ip -json -statistics neigh show`. Source: ip-neighbour(8). */
const EntriesSchema = z.array(
  z.object({
    dst: z.string(),
    dev: z.string(),
    lladdr: z.string().optional(),
    state: z.array(z.string()),
    confirmed: z.number().default(Number.POSITIVE_INFINITY),
  }),
);

export interface KnownNeighbour extends Neighbour {
  /** Such as REACHABLE or STALE. */
  state: string;
  /** Seconds since it last gave a sign to the kernel. */
  silent: number;
}

/** The kernel's IPv6 neighbours. */
export async function readIpv6Table(signal: AbortSignal): Promise<TableEntry[]> {
  return (await listEntries(6, signal)).map(({ dst, dev, lladdr = '' }) => ({
    ...{ link: dev, address: dst },
    mac: MAC.test(lladdr) ? lladdr : null,
  }));
}

/** The kernel's neighbours of a family, without those that somebody entered by hand. */
export async function readNeighbours(family: 4 | 6, signal: AbortSignal): Promise<KnownNeighbour[]> {
  const entries = await listEntries(family, signal);
  return entries.flatMap(({ dst, dev, lladdr = '', state: [state = ''], confirmed }) =>
    MAC.test(lladdr) && !['FAILED', 'PERMANENT', 'NOARP'].includes(state)
      ? [{ link: dev, address: dst, mac: lladdr, state, silent: confirmed }]
      : [],
  );
}

async function listEntries(family: 4 | 6, signal: AbortSignal): Promise<z.infer<typeof EntriesSchema>> {
  const argv = ['ip', '-json', '-statistics', `-${family}`, 'neigh', 'show'];
  return EntriesSchema.parse(JSON.parse((await run(argv, { signal })).stdout));
}
