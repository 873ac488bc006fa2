import { rm, stat } from 'node:fs/promises';
import type { BankName } from '../contract/drill/scenario.ts';
import { writeAtomic } from '../host/files.ts';
import type { Drill } from './drill.ts';
import { Daemon } from './netns/daemon.ts';
import { loseDisk, mountDisk } from './netns/disk.ts';
import { plug } from './netns/network.ts';
import { endAll } from './netns/processes.ts';
import { hasPowerOfItsOwn, type PlacedHost, type World } from './world.ts';

const hostsOf = (world: World, bank: BankName): PlacedHost[] =>
  world.hosts(bank).filter(({ runs }) => !hasPowerOfItsOwn(runs));

/** There while a bank has no power: a drill that was killed meanwhile switches it on again. */
const mark = (world: World, bank: BankName) => `${world.disk(bank)}.off`;

/** From one moment to the next its hosts say nothing more, run nothing, and have lost what was not on their disk. */
export async function cutPower({ world }: Drill, bank: BankName): Promise<void> {
  const hosts = hostsOf(world, bank);
  const namespaces = hosts.map((host) => world.namespace(host));
  await writeAtomic(mark(world, bank), '');
  await plug(world, hosts, 'down');
  // Who starts a program while it is ended leaves one more.
  while (!(await endAll(namespaces, 'SIGKILL')));
  await loseDisk(world, bank);
}

/** Its machines start what they ran. */
export async function restorePower(drill: Drill, bank: BankName): Promise<void> {
  const { world } = drill;
  const hosts = hostsOf(world, bank);
  await mountDisk(world, bank);
  await plug(world, hosts, 'up');
  const database = await drill.database(bank);
  if (await database.exists()) await database.start();
  for (const host of hosts) await Daemon.startAll(world, host);
  const box = await drill.box(bank);
  box.leave();
  if (await new Daemon(world, box.host).isWanted()) await box.serves();
  await rm(mark(world, bank));
}

export async function hasPower(world: World, bank: BankName): Promise<boolean> {
  return (await stat(mark(world, bank)).catch(() => null)) === null;
}
