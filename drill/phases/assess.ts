import { join } from 'node:path';
import { type Assessment, type MachineFacts, MachineFactsSchema } from '../../contract/assess.ts';
import type { Inventory } from '../../contract/inventory.ts';
import { assess as assessed } from '../../policy/fit/assess.ts';
import { factsScript } from '../../policy/fit/facts.ts';
import type { Needs } from '../../policy/fit/needs.ts';
import { machineOf, type Place, placeOf } from '../../policy/fit/place.ts';
import type { Drill } from '../drill.ts';
import { inside } from '../netns/command.ts';
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
}
interface Found {
  inventory: Inventory;
  /** Whether its DNS knows its hosts. */
  dns: boolean;
  facts: MachineFacts;
}

/** Seen from the host that the files will be on. */
async function inventory({ world }: Drill): Promise<Found> {
  const host = world.host('b', 'files');
  const directory = join(world.directory(host), 'survey');
  const { domain } = world.scenario.banks.b;
  const dns = { server: world.host('b', 'dns').address, name: `${host.name}.${domain}` };
  const seen = await askProgram<Surveyed>(world, host, 'survey', { directory, dns });
  const told = await inside(world.namespace(host), ['sh', factsScript, world.directory(host)]);
  return {
    inventory: seen.inventory,
    dns: seen.addresses.includes(host.address),
    facts: MachineFactsSchema.parse(JSON.parse(told)),
  };
}

/** Memory that a follower with its connections takes. */
const DATABASE_MEMORY = 128 << 20;

/** @throws Error with every check that failed. */
async function fit(drill: Drill): Promise<Assessment> {
  const { world, journal } = drill;
  const size = Number(await (await drill.database('a')).sql("SELECT pg_database_size('payments')"));
  const found = journal.resultOf<Found>('assess.inventory');
  const assessment = assessed(needsOf(world, size), placeIn(world, found));
  const { verdict, checks } = assessment;
  if (verdict === 'does-not-fit') {
    const bad = checks.filter(({ result }) => result === 'fail' || result === 'unknown');
    throw new Error(`bank B does not fit: ${bad.map((one) => `${one.what}: ${one.found}`).join('; ')}`);
  }
  return assessment;
}

/** @param size bytes of the database. */
function needsOf(world: World, size: number): Needs {
  const { name, workload } = world.scenario;
  const { number, kilobytes } = workload.files;
  const box = world.host('b', 'box');
  return {
    subject: `the workload of ${name}`,
    workloads: [
      {
        ...{ workload: 'bank-b/database', cpuMillis: 0, memoryBytes: DATABASE_MEMORY },
        // The copy, the log that is written meanwhile, and as much again.
        ...{ diskBytes: 3 * size, instances: 1, onBox: false },
      },
    ],
    data: [{ what: 'files', bytes: number * kilobytes * 1024 }],
    // A box that is a machine is on already, with nothing on it.
    hosts: world.isMachine(box) ? [] : [{ what: 'host of the box', address: box.address }],
    services: [
      {
        service: 'dns',
        address: world.host('b', 'dns').address,
        protocol: 'tcp',
        port: 53,
        from: 'its hosts',
      },
    ],
    ...{ node: null, networks: [], addresses: [], beyond: [], kubernetes: null, uncounted: [] },
  };
}

/** A DNS that does not know its own hosts is of no use, whatever it answers. */
function placeIn(world: World, { inventory, dns, facts }: Found): Place {
  const place = placeOf([machineOf(facts)], inventory, null);
  const { address } = world.host('b', 'dns');
  const others = place.sightings.filter((one) => one.address !== address || one.service !== 'dns');
  const own = { service: 'dns', address, port: 53, confidence: 'recognised' } as const;
  return { ...place, sightings: dns ? [...others, own] : others };
}
