import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { box } from '../../contract/layout.ts';
import {
  type MachineRole,
  seed as names,
  type Seed,
  usualHostname,
  withoutPassphrase,
} from '../../contract/seed.ts';
import type { BoxSite } from '../../contract/site.ts';
import { writeAtomic } from '../../host/files.ts';
import type { Paths } from '../board.ts';
import { NodeStore } from '../join/store.ts';
import { findSeed, type ReadSeed, readSeed } from './found.ts';
import { clusterName } from './name.ts';
import { networkFiles, roleFiles } from './networkd.ts';
import type { SeedResult } from './result.ts';

/** Where a seed's settings go; tests give others. */
export interface Machine {
  /** systemd-networkd's directory in memory. */
  network: string;
  /** The kernel's own file for the name. */
  hostname: string;
  hosts: string;
}

export const thisMachine: Machine = {
  network: '/run/systemd/network',
  hostname: '/proc/sys/kernel/hostname',
  hosts: box.hosts,
};

type SeedPaths = Pick<
  Paths,
  'seedFound' | 'seedResult' | 'seed' | 'hostname' | 'initialised' | 'stateKind' | 'node'
>;

/**
 * Gives the machine the name and network of its seed: of the one that this start found, else of the one that is
 * kept. A seed with a mistake counts as none, and the mistake is told: a box starts in any case.
 */
export async function applySeed(paths: SeedPaths, site: BoxSite, machine: Machine): Promise<SeedResult> {
  const name = await clusterName(paths);
  const { read, result } = await chooseSeed(paths, site, name);
  const files = read === null ? [] : [...networkFiles(read.seed.network), ...roleFiles(read.seed.role)];
  await mkdir(machine.network, { recursive: true });
  for (const [file, text] of files) await writeFile(join(machine.network, file), text);
  await setName(machine, site, name ?? read?.seed.hostname ?? usualHostname);
  if (read !== null && result.status?.kept === false) await keep(paths, read);
  // An invitation is in it.
  await writeAtomic(paths.seedResult, `${JSON.stringify(result)}\n`, { mode: 0o600 });
  return result;
}

async function chooseSeed(paths: SeedPaths, site: BoxSite, name: string | null) {
  const found = await findSeed(paths.seedFound);
  const [fresh, freshProblem] =
    found === null
      ? [null, null]
      : await attempt(async () => await fitting(paths, await found.read(site), found.origin, name));
  if (found !== null && fresh !== null)
    return { read: fresh, result: resultOf(fresh, found.origin, false, null) };
  const [kept, keptProblem] = existsSync(paths.seed)
    ? await attempt(() => readSeed(paths.seed, site, `${names.file} (kept)`))
    : [null, null];
  const problem = freshProblem ?? keptProblem;
  return { read: kept, result: resultOf(kept, 'kept', true, problem) };
}

async function fitting(
  paths: Pick<Paths, 'node'>,
  read: ReadSeed,
  origin: string,
  name: string | null,
): Promise<ReadSeed> {
  const { hostname, role } = read.seed;
  const subject = `${names.file} (${origin})`;
  if (name === null) return read;
  const found = await roleOfState(paths);
  if (role !== found) throw new CpiabError('E1314', { subject, args: [role, found] });
  if (hostname !== name) throw new CpiabError('E1312', { subject, args: [hostname, name] });
  return read;
}

async function roleOfState({ node }: Pick<Paths, 'node'>): Promise<MachineRole> {
  if (!existsSync(node)) return 'box';
  const member = await new NodeStore(node).member();
  return member?.grant.role === 'control-plane' ? 'control-plane' : 'node';
}

type Attempt = [ReadSeed, null] | [null, CpiabError];

async function attempt(read: () => Promise<ReadSeed>): Promise<Attempt> {
  try {
    return [await read(), null];
  } catch (error) {
    if (!(error instanceof CpiabError)) throw error;
    return [null, error];
  }
}

function resultOf(
  read: ReadSeed | null,
  origin: string,
  kept: boolean,
  error: CpiabError | null,
): SeedResult {
  return {
    status: read === null ? null : { origin, kept, hostname: read.seed.hostname },
    install: read?.seed.install ?? null,
    node: nodeOf(read?.seed),
    card: read?.seed.network.interface ?? null,
    problem:
      error === null
        ? null
        : {
            problem: `the seed is not used: ${error.subject}: ${error.message}`,
            nextAction: error.hint,
            code: `CPIAB-${error.code}`,
          },
  };
}

function nodeOf(seed: Seed | undefined): SeedResult['node'] {
  if (seed === undefined || seed.role === 'box') return null;
  const role = seed.role === 'control-plane' ? 'control-plane' : 'agent';
  return { name: seed.hostname, role, invitation: seed.invitation ?? '', guest: false };
}

async function setName({ hostname, hosts }: Machine, site: BoxSite, name: string): Promise<void> {
  // Nobody has written it yet at a start; the agent writes it whole.
  const text = await readFile(hosts, 'utf8').catch(() => '127.0.0.1 localhost\n::1 localhost\n');
  const own = `${site.network.nodeAddress} ${name}`;
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(`${site.network.nodeAddress} `));
  await writeFile(hosts, `${[...lines, own].join('\n')}\n`);
  await writeFile(hostname, name);
}

/** A volume may go: what it said stays on the data disk. */
async function keep({ seed, stateKind }: SeedPaths, { text }: ReadSeed): Promise<void> {
  const kind = await readFile(stateKind, 'utf8').catch(() => '');
  if (kind.trim() === 'disk') await writeAtomic(seed, withoutPassphrase(text), { mode: 0o600 });
}
