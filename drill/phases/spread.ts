import type { BankName } from '../../contract/drill/scenario.ts';
import { workloadParts } from '../../contract/drill/scenario.ts';
import { InventorySchema } from '../../contract/inventory.ts';
import { ports } from '../../contract/layout.ts';
import type { BankBox, Joined } from '../boxes.ts';
import type { Drill } from '../drill.ts';
import { inside } from '../netns/command.ts';
import { joinMachine } from '../qemu/join.ts';
import type { Step } from '../step.ts';
import { waitFor } from '../wait.ts';
import type { PlacedHost, World } from '../world.ts';
import { Intruders } from './intruders.ts';

/** Bank B's machines, one by one. */
export const spread = {
  join: { title: 'found, approved and enrolled, one by one', run: joinAll },
} satisfies Record<string, Step>;

/** A box that only listens looks every five minutes. */
const FIND_SECONDS = 900;

/** Hosts that become nodes: those that a part of the workload runs on, and those that are nothing else. */
export function memberHosts(world: World, bank: BankName): PlacedHost[] {
  return [
    ...workloadParts.map((part) => world.host(bank, part)),
    ...world.hosts(bank).filter(({ runs }) => runs === 'node'),
  ];
}

/** A host that says nothing is not there for a box that only listens. */
async function showUp(world: World, host: PlacedHost, { host: { address } }: BankBox): Promise<void> {
  const connect = `exec 3<>/dev/tcp/${address}/${ports.api}`;
  await inside(world.namespace(host), ['timeout', '5', 'bash', '-c', connect]);
}

async function joinAll(drill: Drill): Promise<object> {
  const box = await drill.box('b');
  // Who is not let in would wait in vain for what it finds.
  await box.nodes();
  const secrets = await drill.secrets();
  const intruders = new Intruders(drill);
  const nodes: (Joined & { seen: string[] })[] = [];
  const hosts = memberHosts(drill.world, 'b');
  // All, so that one look finds them.
  if (drill.world.isMachine(box.host))
    for (const host of hosts) if (!drill.world.isMachine(host)) await showUp(drill.world, host, box);
  for (const host of hosts) {
    // It is switched on when it is invited.
    if (drill.world.isMachine(host)) {
      nodes.push({ ...(await joinMachine(drill, host)), seen: [] });
      continue;
    }
    const wait = { seconds: FIND_SECONDS, what: `the box has not found ${host.name}`, signal: drill.signal };
    const seen = await waitFor(async () => {
      if (drill.world.isMachine(box.host)) await showUp(drill.world, host, box);
      const { text } = await box.ask('/v1/inventory', secrets.banks.b.join);
      const found = InventorySchema.parse(JSON.parse(text)).hosts;
      return found.find(({ addresses }) => addresses.includes(host.address))?.evidence ?? null;
    }, wait);
    await intruders.before(box, host);
    const joined = await box.join(host, (invitation) => intruders.after(invitation, host));
    nodes.push({ ...joined, seen: [...seen] });
  }
  const listed = await box.nodes();
  const approvals = listed
    .filter(({ state }) => state === 'joined')
    .map(({ name, request, reason }) => ({ name, request, reason, by: drill.scenario.approvals.join }));
  return { nodes, approvals, intrusions: await intruders.found() };
}
