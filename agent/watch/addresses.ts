import { networkInterfaces } from 'node:os';
import { run } from '../../host/process.ts';
import { isCardName } from '../console/console.ts';
import type { Watch } from './watch.ts';

/** An address of a card that another machine has too. */
interface Taken {
  address: string;
  /** Who has it, where that is known. */
  by: string | null;
}

/**
 * The table of the firewall for ARP: elements of the set with our addresses, and of the one, each with a time of its
 * own, of who else has them. Source: libnftables-json(5).
 */
interface ArpTable {
  nftables: (
    | { set: { name: 'own'; elem?: string[] } }
    | { set: { name: 'taken'; elem?: { elem: { val: { concat: [string, string] } } }[] } }
    | { set?: undefined }
  )[];
}

/**
 * Whether another machine uses an address of this box. For IPv4 the firewall remembers who said so by ARP in the last
 * ten minutes (RFC 5227 section 2.4), and has to know which addresses are ours. For IPv6 the kernel asks before it
 * uses an address, and doesn't when somebody answers (RFC 4862 section 5.4).
 */
export const watchAddresses: Watch = async (signal) => {
  const taken = [...(await takenV4(signal)), ...(await takenV6(signal))];
  if (taken.length === 0) return null;
  const named = taken.map(({ address, by }) => (by === null ? address : `${address} (it is ${by})`));
  return {
    problem: `another machine on the network uses this box's address ${[...new Set(named)].join(', ')}`,
    nextAction: 'give one of the two another address: look for a fixed one, or for a second server of leases',
  };
};

async function takenV4(signal: AbortSignal): Promise<Taken[]> {
  const { stdout } = await run(['nft', '--json', 'list', 'table', 'arp', 'cpiab'], { signal });
  const { nftables } = JSON.parse(stdout) as ArpTable;
  const told = nftables.flatMap(({ set }) => (set?.name === 'own' ? (set.elem ?? []) : []));
  const own = ownAddresses();
  if (told.toSorted().join() !== own.join()) await tellFirewall(own, signal);
  const pairs = nftables.flatMap(({ set }) => (set?.name === 'taken' ? (set.elem ?? []) : []));
  return pairs.map(({ elem }) => elem.val.concat).map(([by, address]) => ({ address, by }));
}

/** IPv4 addresses of the cards, sorted. */
function ownAddresses(): string[] {
  const own = Object.entries(networkInterfaces())
    .filter(([name]) => isCardName(name))
    .flatMap(([, addresses = []]) => addresses.filter(({ family }) => family === 'IPv4'));
  return [...new Set(own.map(({ address }) => address))].toSorted();
}

async function tellFirewall(own: readonly string[], signal: AbortSignal): Promise<void> {
  const add = own.length === 0 ? '' : `add element arp cpiab own { ${own.join(', ')} }\n`;
  await run(['nft', '-f', '-'], { input: `flush set arp cpiab own\n${add}`, signal });
}

async function takenV6(signal: AbortSignal): Promise<Taken[]> {
  const { stdout } = await run(['ip', '-json', '-6', 'address', 'show', 'dadfailed'], { signal });
  const links = JSON.parse(stdout) as { addr_info?: { local?: string; dadfailed?: boolean }[] }[];
  const failed = links.flatMap(({ addr_info = [] }) =>
    addr_info.filter(({ dadfailed }) => dadfailed === true),
  );
  return failed.map(({ local = '' }) => ({ address: local, by: null }));
}
