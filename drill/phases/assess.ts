import { join } from 'node:path';
import type { Inventory } from '../../contract/inventory.ts';
import { formatBytes } from '../../contract/units.ts';
import type { Drill } from '../drill.ts';
import { askProgram } from '../netns/programs.ts';
import type { Step } from '../step.ts';
import type { World } from '../world.ts';

/** What bank B has, and whether the workload fits there. */
export const assess = {
  inventory: { title: 'what stands in bank B', run: inventory },
  fit: { title: 'whether the workload fits there', run: fit },
} satisfies Record<string, Step>;

interface Surveyed {
  inventory: Inventory;
  /** What its DNS says of the host that asks. */
  addresses: string[];
  freeBytes: number;
  freeMemory: number;
}
interface Found {
  hosts: { addresses: string[]; services: string[] }[];
  dns: boolean;
  freeBytes: number;
  freeMemory: number;
}

/** Seen from the host that the files will be on. */
async function inventory({ world }: Drill): Promise<Found> {
  const host = world.host('b', 'files');
  const directory = join(world.directory(host), 'survey');
  const disk = world.directory(host);
  const { domain } = world.scenario.banks.b;
  const dns = { server: world.host('b', 'dns').address, name: `${host.name}.${domain}` };
  const config = { directory, disk, dns };
  const seen = await askProgram<Surveyed>(world, host, 'survey', config);
  const hosts = seen.inventory.hosts.map(({ addresses, services }) => ({
    addresses,
    services: services.map(({ name, port }) => `${name}/${port}`),
  }));
  return {
    hosts,
    dns: seen.addresses.includes(host.address),
    freeBytes: seen.freeBytes,
    freeMemory: seen.freeMemory,
  };
}

interface Fit {
  checks: { check: string; ok: boolean; found: string }[];
}

/** Memory that a follower with its connections takes. */
const DATABASE_MEMORY = 128 << 20;

/** @throws Error with every check that failed. */
async function fit(drill: Drill): Promise<Fit> {
  const found = drill.journal.resultOf<Found>('assess.inventory');
  const size = Number(await (await drill.database('a')).sql("SELECT pg_database_size('payments')"));
  const checks = [...roomChecks(found, size), ...hostChecks(found, drill.world)];
  const bad = checks.filter(({ ok }) => !ok);
  if (bad.length > 0)
    throw new Error(`bank B does not fit: ${bad.map(({ check, found }) => `${check}: ${found}`).join('; ')}`);
  return { checks };
}

/** The copy, the log that is written meanwhile, and as much again. */
function roomChecks({ freeBytes, freeMemory }: Found, size: number): Fit['checks'] {
  const [disk, need] = [formatBytes(freeBytes), 3 * size];
  return [
    { check: 'disk', ok: freeBytes > need, found: `${disk} free, ${formatBytes(need)} needed` },
    { check: 'memory', ok: freeMemory > DATABASE_MEMORY, found: `${formatBytes(freeMemory)} free` },
  ];
}

function hostChecks({ hosts, dns }: Found, world: World): Fit['checks'] {
  const at = (address: string) => hosts.find(({ addresses }) => addresses.includes(address))?.services;
  const box = at(world.host('b', 'box').address);
  const runs = `runs ${box?.join(', ') || 'nothing yet'}`;
  return [
    { check: 'DNS', ok: dns, found: dns ? 'knows its hosts' : 'no answer' },
    { check: 'host of the box', ok: box?.length === 0, found: box === undefined ? 'not there' : runs },
  ];
}
