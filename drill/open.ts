import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { keysDirectory, siteKeys } from '../builder/bundle/keys.ts';
import { checkYaml } from '../contract/document/check-yaml.ts';
import {
  type Fault,
  type Scenario,
  ScenarioSchema,
  type Substrate,
  substrates,
} from '../contract/drill/scenario.ts';
import { CpiabError } from '../contract/errors.ts';
import { ensureDirectory, writeAtomic } from '../host/files.ts';
import { HeldError, hold } from '../host/hold.ts';
import { readTextFile } from '../host/input-file.ts';
import { locate, systemPackages } from '../host/system-packages.ts';
import { Drill } from './drill.ts';
import { Journal } from './journal.ts';
import { namespacesOf } from './netns/network.ts';
import { mediumOf } from './qemu/virtual-box.ts';
import { World } from './world.ts';

const SCENARIO = 'scenario.yaml';
const JOURNAL = 'journal.jsonl';
const SUBSTRATE = 'substrate';

/** Begins a drill in a directory, or opens the one that lies there. @throws CpiabError E1701 for another scenario or substrate, E1705, E1706. */
export async function beginDrill(
  repository: string,
  { scenario, substrate, out }: { scenario: string; substrate: Substrate; out: string },
  signal: AbortSignal,
): Promise<Drill> {
  const text = await readTextFile(scenario);
  const { content } = checkYaml(text, ScenarioSchema, shown(scenario));
  if (substrate === 'qemu') await expectMachines(repository, content, scenario);
  await ensureDirectory(out);
  const path = join(out, SCENARIO);
  const known = await readFile(path, 'utf8').catch(() => null);
  const other = known !== null && (known !== text || (await substrateOf(out)) !== substrate);
  if (other) throw new CpiabError('E1701', { subject: out });
  if (known === null) {
    await writeAtomic(join(out, SUBSTRATE), `${substrate}\n`);
    await writeAtomic(path, text);
  }
  const journal = join(out, JOURNAL);
  if ((await stat(journal).catch(() => null)) === null) await writeAtomic(journal, '');
  return await openDrill(repository, out, signal);
}

/** Opens a drill, for one process at a time. @throws CpiabError E1702, E4007, E4060, E1703 while another process runs it. */
export async function openDrill(repository: string, out: string, signal: AbortSignal): Promise<Drill> {
  const { world } = await readDrill(out);
  await hold(`drill/${world.id}`).catch((cause: unknown) => {
    if (!(cause instanceof HeldError)) throw cause;
    throw new CpiabError('E1703', { subject: out, args: [cause.pid], cause });
  });
  if (process.getuid?.() !== 0) throw new CpiabError('E4060', { subject: 'cpiab drill' });
  await expectPrograms(world);
  const { site: key, publicKey } = await siteKeys(keysDirectory(world.scenario.site));
  return new Drill({
    world,
    journal: await Journal.open(join(out, JOURNAL)),
    repository,
    key,
    publicKey,
    signal,
  });
}

/** @throws CpiabError E1704 when it had banks and has none: then there is nothing to go on with. */
export async function expectBanks({ journal, world }: Drill): Promise<void> {
  if (journal.stateOf('prepare.banks') === 'done' && (await namespacesOf(world)).length === 0)
    throw new CpiabError('E1704', { subject: world.out });
}

/** Only looks at one. @throws CpiabError E1702. */
export async function readDrill(out: string): Promise<{ world: World; journal: Journal }> {
  const path = join(out, SCENARIO);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CpiabError('E1702', { subject: out, cause });
  });
  const { content } = checkYaml(text, ScenarioSchema, shown(path));
  return {
    world: new World(content, await substrateOf(out), out),
    journal: await Journal.read(join(out, JOURNAL)),
  };
}

/** @throws CpiabError E1702. */
async function substrateOf(out: string): Promise<Substrate> {
  const text = await readFile(join(out, SUBSTRATE), 'utf8').catch((cause: unknown) => {
    throw new CpiabError('E1702', { subject: out, cause });
  });
  return z.enum(substrates).parse(text.trim());
}

const shown = (path: string) => relative(process.cwd(), path) || dirname(path);

/** @throws CpiabError E1705, E1706. */
async function expectMachines(repository: string, { site, faults }: Scenario, path: string): Promise<void> {
  const medium = mediumOf(repository, site);
  if ((await stat(medium).catch(() => null)) === null)
    throw new CpiabError('E1705', { subject: medium, args: [site] });
  if (faults.some(({ fault }) => fault === 'wrong-clock'))
    throw new CpiabError('E1706', { subject: path, args: ['wrong-clock'] });
}

/** Packages of what the banks run. `drill verify` needs none of them, so the launcher does not install them for it. */
const packages = ['postgresql', 'dnsmasq-base', 'rsync', 'nftables', 'util-linux'];
const more: Partial<Record<Fault['fault'], string>> = { 'wrong-clock': 'faketime' };

/** @throws CpiabError E4007. */
async function expectPrograms({ scenario: { faults }, substrate }: World): Promise<void> {
  const machines = substrate === 'qemu' ? ['qemu-system-x86'] : [];
  const needed = [...packages, ...machines, ...faults.map(({ fault }) => more[fault])];
  for (const { name, proof } of await systemPackages())
    if (needed.includes(name) && (await locate(proof)) === undefined)
      throw new CpiabError('E4007', { subject: proof, args: [name] });
}
