import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { DebianPackage, Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import { keyDigest } from '../../host/cache.ts';
import { holdWhenFree } from '../../host/hold.ts';
import type { BuildHost } from '../host.ts';
import { together } from '../together.ts';
import { type AptRoot, openAptRoot } from './apt-root.ts';
import { debianMirrors } from './mirrors.ts';

/** Packages that are needed together. */
export interface PackageSet {
  include: string[];
  /** `root`: a whole system with Debian's essential packages and every dependency; `files`: these packages only. */
  kind: 'root' | 'files';
}

interface Chosen {
  name: string;
  version: string;
}

/** Resolves every set from one reading of Debian's signed indexes. */
export async function resolveDebian(
  sets: Record<string, PackageSet>,
  site: Site,
  host: BuildHost,
): Promise<Lock['debian']> {
  return await withApt(site, host, async (root) => {
    const resolved = await together(
      Object.entries(sets).map(
        ([name, set]) =>
          async () =>
            [name, await resolveSet(root, name, set)] as const,
      ),
      host.signal,
    );
    const packages = await describe(
      root,
      resolved.flatMap(([, chosen]) => chosen),
    );
    const names = resolved.map(([set, chosen]) => [set, chosen.map(({ name }) => name).toSorted()]);
    return { indexes: root.indexes, packages, sets: Object.fromEntries(names) };
  });
}

/** The version of each package that apt would install today; packages that Debian no longer has are left out. */
export async function candidateVersions(
  names: readonly string[],
  site: Site,
  host: BuildHost,
): Promise<Map<string, string>> {
  const policy = await withApt(site, host, async ({ apt }) => await apt('apt-cache', ['policy', ...names]));
  const found = policy.matchAll(/^(?<name>\S+):\n.*\n {2}Candidate: (?<version>\S+)$/gm);
  return new Map(
    [...found].flatMap(({ groups: { name = '', version = '' } = {} }) =>
      version === '(none)' ? [] : [[name, version] as const],
    ),
  );
}

async function withApt<Result>(
  site: Site,
  host: BuildHost,
  work: (root: AptRoot) => Promise<Result>,
): Promise<Result> {
  // Kept, so that only indexes that changed are fetched; apt checks their signatures each time.
  const directory = join(host.cache.root, 'apt');
  const name = `apt/${keyDigest('hold', { directory }).slice(0, 32)}`;
  const held = await holdWhenFree(name, host.signal);
  try {
    return await work(await openAptRoot(directory, await debianMirrors(site, host.signal), host.signal));
  } finally {
    await held.release();
  }
}

async function resolveSet(root: AptRoot, set: string, { include, kind }: PackageSet): Promise<Chosen[]> {
  if (kind === 'files') return await Promise.all(include.map((name) => candidate(root, set, name)));
  const plan = ['install', '--print-uris', '--yes', '-qq', '?essential', ...include];
  const uris = await root.apt('apt-get', plan).catch((cause: unknown) => {
    throw new CpiabError('E3006', { subject: `set ${set}`, args: ["apt can't satisfy it"], cause });
  });
  return [...uris.matchAll(/^'[^']+' (?<name>[^_ ]+)_(?<version>[^_ ]+)_\w+\.deb /gm)].map(({ groups }) => ({
    name: groups?.['name'] ?? '',
    version: decodeURIComponent(groups?.['version'] ?? ''),
  }));
}

async function candidate(root: AptRoot, set: string, name: string): Promise<Chosen> {
  const policy = await root.apt('apt-cache', ['policy', name]);
  const version = /^ {2}Candidate: (?<version>\S+)$/m.exec(policy)?.groups?.['version'];
  if (version === undefined || version === '(none)') {
    throw new CpiabError('E3006', { subject: `set ${set}`, args: [`Debian has no package ${name}`] });
  }
  return { name, version };
}

/** Each package once, sorted by name, as the index describes it. @throws CpiabError E3006 for two versions of one. */
async function describe(root: AptRoot, chosen: Chosen[]): Promise<DebianPackage[]> {
  const wanted = new Map(chosen.map(({ name, version }) => [name, version]));
  const text = await root.apt('apt-cache', [
    'show',
    ...[...wanted].map(([name, version]) => `${name}=${version}`),
  ]);
  const found = new Map<string, DebianPackage>();
  for (const stanza of text.split(/\n\n+/).filter((part) => part.startsWith('Package:'))) {
    const described = parseStanza(stanza);
    if (wanted.get(described.name) === described.version) found.set(described.name, described);
  }
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  if (missing.length > 0)
    throw new CpiabError('E3006', { subject: missing.join(', '), args: ['not in the index'] });
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Source: Debian Policy 5.3, binary package control files; repository format, Packages indices. */
function parseStanza(stanza: string): DebianPackage {
  const fields = new Map(
    stanza.split('\n').flatMap((line) => {
      const match = /^(?<name>[A-Za-z0-9-]+): ?(?<value>.*)$/.exec(line);
      return match?.groups === undefined
        ? []
        : [[match.groups['name'] ?? '', match.groups['value'] ?? ''] as const];
    }),
  );
  const field = (name: string) => fields.get(name) ?? '';
  const path = field('Filename');
  return {
    name: field('Package'),
    version: field('Version'),
    arch: field('Architecture') === 'all' ? 'all' : 'amd64',
    path,
    // The security archive keeps its pool below `updates/`.
    archive: path.startsWith('pool/updates/') ? 'debian-security' : 'debian',
    sha256: field('SHA256'),
    size: Number(field('Size')),
    installed: Number(field('Installed-Size')),
  };
}
