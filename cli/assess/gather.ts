import { openCargo } from '../../builder/cargo/open.ts';
import { readWorkTree } from '../../builder/check/work-tree.ts';
import { readJson } from '../../builder/config/read-json.ts';
import { readSite } from '../../builder/config/read-site.ts';
import { MachineFactsSchema } from '../../contract/assess.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type Inventory, InventorySchema, inventoryPath } from '../../contract/inventory.ts';
import { hasBox, whyNoBox } from '../../contract/site.ts';
import type { BoxStatus } from '../../contract/status.ts';
import type { Needs } from '../../policy/fit/needs.ts';
import { type Machine, machineOf, machineOfNode, type Place, placeOf } from '../../policy/fit/place.ts';
import { siteNeeds } from '../../policy/fit/site-needs.ts';
import { readWorld } from '../../policy/world/read-world.ts';
import { fetchStatus } from '../box/client.ts';
import { OperatorClient } from '../box/operator.ts';
import { NodesClient } from '../nodes/client.ts';

const LARGEST_INVENTORY = 16 << 20;

export interface Asked {
  /** A site; of a cargo its own unless told. */
  site: string | undefined;
  cargo: string | undefined;
  key: string | undefined;
  inventory: string | undefined;
  box: string | undefined;
  machines: readonly string[];
}

/** @throws CpiabError E1011 for a site without a box; those of a site, a tree and a cargo that can't be read. */
export async function needsOf(asked: Asked, repository: string, signal: AbortSignal): Promise<Needs> {
  const cargo = asked.cargo === undefined ? null : await openCargo(asked.cargo, asked.key);
  const name = asked.site ?? cargo?.manifest.sender.site ?? 'lab';
  const site = await readSite(repository, name);
  if (!hasBox(site)) throw new CpiabError('E1075', { subject: name, args: [whyNoBox(site) ?? ''] });
  const needs = siteNeeds(site, await readWorld(await readWorkTree(repository, signal), name));
  if (cargo === null) return needs;
  const { size } = cargo.manifest.archive;
  const data = [{ what: 'the cargo, three times while it lands', bytes: 3 * size }];
  return { ...needs, subject: `a cargo of site ${name}`, data };
}

/** What is known of the place: of a running box there, and of files that somebody has brought. */
export async function placeFrom(asked: Asked, signal: AbortSignal): Promise<Place> {
  const files = await Promise.all(asked.machines.map((path) => readJson(path, MachineFactsSchema)));
  const given = files.map(({ content }) => machineOf(content));
  const saved = asked.inventory === undefined ? null : await inventoryIn(asked.inventory);
  if (asked.box === undefined) return placeOf(given, saved, null);
  const box = await boxThere(asked.box, saved, signal);
  const names = new Set(given.map(({ name }) => name));
  const joined = box.joined.filter(({ name }) => !names.has(name));
  return placeOf([box.own, ...given, ...joined], box.inventory, box.kubernetes);
}

async function inventoryIn(path: string): Promise<Inventory> {
  return (await readJson(path, InventorySchema, { limit: LARGEST_INVENTORY })).content;
}

/** @param saved then the box is not asked what it sees: its site may have it look at nothing. */
async function boxThere(box: string, saved: Inventory | null, signal: AbortSignal) {
  const nodes = await NodesClient.of(box, 'cpiab assess', signal);
  const status = await fetchStatus(nodes.address);
  const client = await OperatorClient.of(nodes.address, status.box.site, signal);
  const inventory = saved ?? (await client.ask(inventoryPath, {}, InventorySchema));
  const joined = (await nodes.list()).flatMap(({ name, state, inventory: said }): Machine[] =>
    said !== null && ['pending', 'approved', 'joined'].includes(state) ? [machineOfNode(name, said)] : [],
  );
  const own = runningBox(status, nodes.address.url.hostname);
  return { inventory, own, joined, kubernetes: status.nodes[0]?.version ?? null };
}

/** A box tells its memory, and neither processors nor room on its disk. */
const runningBox = ({ box, memory }: BoxStatus, address: string): Machine => ({
  ...{ name: box.id.slice(0, 8), addresses: [address], architecture: 'x86_64' },
  // Nothing until it has looked.
  memoryBytes: memory.total === 0 ? null : memory.total,
  ...{ kernel: null, cpus: null, diskBytes: null, facts: null },
});
