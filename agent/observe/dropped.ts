import { type Dropped, dropReasonNames } from '../../contract/firewall.ts';
import { firewallTable } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';

/** What the firewall dropped since power-on. Source: libnftables-json(5). @throws Error when it is not there. */
export async function droppedPackets(signal: AbortSignal): Promise<Dropped> {
  const { family, table } = firewallTable;
  const { stdout } = await run(['nft', '--json', 'list', 'counters', 'table', family, table], { signal });
  const { nftables } = JSON.parse(stdout) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  const counted = new Map(nftables.map(({ counter }) => [counter?.name, counter?.packets]));
  const packets = (name: string) => {
    const found = counted.get(name);
    if (found === undefined) throw new Error(`the firewall has no counter ${name}`);
    return found;
  };
  return Object.fromEntries(dropReasonNames.map((name) => [name, packets(name)])) as Dropped;
}
