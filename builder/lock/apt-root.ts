import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { DebianIndex } from '../../contract/lock.ts';
import { sha256File } from '../../host/files.ts';
import { ProcessError, run } from '../../host/process.ts';
import type { Mirrors } from './mirrors.ts';

/** Debian's own keys, from package debian-archive-keyring. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SUITES = [
  { suite: 'trixie', archive: 'debian' },
  { suite: 'trixie-updates', archive: 'debian' },
  { suite: 'trixie-backports', archive: 'debian' },
  { suite: 'trixie-security', archive: 'debian-security' },
] as const;

/**
 * A machine's own configuration may turn these off, and then every question reads all indexes again. It is
 * read after ours, so that only the command line has the last word. Source: apt.conf(5).
 */
const CACHES = ['-o', 'Dir::Cache::pkgcache=pkgcache.bin', '-o', 'Dir::Cache::srcpkgcache=srcpkgcache.bin'];

/** An apt that knows nothing of this machine: its own sources, lists and an empty package state. */
export interface AptRoot {
  indexes: DebianIndex[];
  /** Runs `apt-get` or `apt-cache` there. */
  apt(program: 'apt-get' | 'apt-cache', args: string[]): Promise<string>;
}

/**
 * Makes a private apt root and loads the signed indexes.
 * @param directory empty, or one that was such a root before.
 * @throws CpiabError E2109 when an index isn't Debian's, E3002 when it can't be had.
 */
export async function openAptRoot(
  directory: string,
  mirrors: Mirrors,
  signal: AbortSignal,
): Promise<AptRoot> {
  await mkdir(join(directory, 'lists', 'partial'), { recursive: true });
  await mkdir(join(directory, 'archives', 'partial'), { recursive: true });
  await writeFile(join(directory, 'status'), '');
  const sources = SUITES.map(
    ({ suite, archive }) => `deb [signed-by=${KEYRING} target=Packages] ${mirrors[archive]} ${suite} main\n`,
  );
  await writeFile(join(directory, 'sources.list'), sources.join(''));
  await writeFile(join(directory, 'apt.conf'), configuration(directory));
  const apt: AptRoot['apt'] = async (program, args) => {
    const argv = [program, ...CACHES, ...args];
    const { stdout } = await run(argv, {
      env: { APT_CONFIG: join(directory, 'apt.conf') },
      maxOutput: 256 << 20,
      signal,
    });
    return stdout;
  };
  await apt('apt-get', ['update', '-qq', '-o', 'APT::Update::Error-Mode=any']).catch((cause: unknown) => {
    const said = cause instanceof ProcessError ? cause.stderr : '';
    const forged = /NO_PUBKEY|BADSIG|EXPKEYSIG|NODATA|NOSPLIT|is not signed/.exec(said);
    if (forged !== null)
      throw new CpiabError('E2109', { subject: 'apt-get update', args: [forged[0]], cause });
    throw new CpiabError('E3002', { subject: "Debian's package index", cause });
  });
  return { indexes: await readIndexes(join(directory, 'lists')), apt };
}

function configuration(directory: string): string {
  const settings: Record<string, string> = {
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::Etc::trusted': '/dev/null',
    'Dir::Etc::trustedparts': '/dev/null',
    'Dir::State': directory,
    'Dir::State::lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': directory,
    'APT::Architecture': 'amd64',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  return `${lines.join('')}APT::Architectures {"amd64";};\n`;
}

async function readIndexes(lists: string): Promise<DebianIndex[]> {
  const names = await readdir(lists);
  return await Promise.all(
    SUITES.toSorted((a, b) => (a.suite < b.suite ? -1 : 1)).map(async ({ suite, archive }) => {
      const name = names.find((found) => found.endsWith(`_dists_${suite}_InRelease`));
      if (name === undefined) throw new CpiabError('E3002', { subject: `Debian's index of ${suite}` });
      const path = join(lists, name);
      return { suite, archive, date: await releaseDate(path), sha256: (await sha256File(path)).sha256 };
    }),
  );
}

/** The index's `Date` field. Source: Debian repository format, Release files. */
async function releaseDate(path: string): Promise<number> {
  const date = /^Date: (?<date>.+)$/m.exec(await readFile(path, 'utf8'))?.groups?.['date'];
  return Math.floor(Date.parse(date ?? '') / 1000);
}
