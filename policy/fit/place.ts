import type { MachineFacts } from '../../contract/assess.ts';
import type { NodeInventory } from '../../contract/enroll.ts';
import type { Inventory } from '../../contract/inventory.ts';

/** A machine that may take what moves. Null is what nobody has measured. */
export interface Machine {
  name: string;
  addresses: readonly string[];
  architecture: string | null;
  kernel: string | null;
  cpus: number | null;
  /** Room, not size, where that is known. */
  memoryBytes: number | null;
  diskBytes: number | null;
  /** What it told of itself by the script; null for one that only enrolled. */
  facts: MachineFacts | null;
}

/** What answered, or did not, at an address and a port. */
export interface Sighting {
  service: string;
  address: string;
  port: number;
  /** `recognised`: it answered as such a service does. */
  confidence: 'claimed' | 'answered' | 'recognised';
}

/** Where it is to move. The first machine takes the box. */
export interface Place {
  machines: readonly Machine[];
  /** Networks that are in use there, and who says so. */
  networks: readonly { network: string; from: string }[];
  /** Who answers there. */
  hosts: readonly { addresses: readonly string[]; names: readonly string[]; services: readonly string[] }[];
  sightings: readonly Sighting[];
  /** Whether every address of these networks was asked. */
  swept: readonly string[];
  /** Version of Kubernetes of the box there; null where there is none yet. */
  kubernetes: string | null;
}

export function machineOf(facts: MachineFacts): Machine {
  const { name, architecture, kernel, cpus, memoryFreeBytes, diskFreeBytes, addresses } = facts;
  return {
    ...{ name, architecture, kernel, cpus, facts },
    ...{ memoryBytes: memoryFreeBytes, diskBytes: diskFreeBytes },
    addresses: addresses.map((address) => address.split('/')[0] ?? ''),
  };
}

/** What an enrolled node has said of itself. Of its disk it says nothing. */
export function machineOfNode(name: string, said: NodeInventory): Machine {
  return {
    ...{ name, kernel: said.kernel, cpus: said.cpus, memoryBytes: said.memoryBytes },
    addresses: said.addresses.filter((address) => !address.includes(':')),
    architecture: said.architecture === 'x64' ? 'x86_64' : said.architecture,
    ...{ diskBytes: null, facts: null },
  };
}

/** What an inventory and machines tell of a place. @param kubernetes of the box there. */
export function placeOf(
  machines: readonly Machine[],
  inventory: Inventory | null,
  kubernetes: string | null,
): Place {
  const seen = (inventory?.hosts ?? []).filter(({ state }) => state === 'seen');
  const links = inventory?.links ?? [];
  const asked = inventory?.mode === 'active' && inventory.looked !== null && inventory.problem === null;
  return {
    machines,
    networks: [
      ...links.flatMap(({ name, networks }) =>
        networks.map((network) => ({ network, from: `link ${name}` })),
      ),
      ...machines.flatMap(({ name, facts }) =>
        (facts?.networks ?? []).map((network) => ({ network, from: name })),
      ),
    ],
    hosts: seen.map(({ addresses, names, services }) => ({
      addresses: addresses.filter((address) => !address.includes(':')),
      names,
      services: [...new Set(services.map(({ name, port }) => `${name}:${port}`))],
    })),
    sightings: seen.flatMap(({ addresses, services }) =>
      addresses.flatMap((address) =>
        services.map(({ name, port, confidence }) => ({ service: name, address, port, confidence })),
      ),
    ),
    swept: asked ? links.filter(({ note }) => note === null).flatMap(({ networks }) => networks) : [],
    kubernetes,
  };
}
