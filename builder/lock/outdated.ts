import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Newer, Outdated, OutdatedKind } from '../../contract/outdated.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import { run } from '../../host/process.ts';
import type { BuildHost } from '../host.ts';
import type { Registries } from '../registry/registries.ts';
import { listTags, newerTag } from '../registry/tags.ts';
import { together } from '../together.ts';
import { askRegistries } from './ask-registries.ts';
import { lockCharts } from './charts.ts';
import { candidateVersions } from './debian.ts';
import { compareDebianVersions } from './debian-version.ts';
import { newerModules } from './newer-modules.ts';
import { lockUpstream, readReference } from './upstream.ts';

/** Somebody who knows of newer versions. */
interface Source {
  title: string;
  kind: OutdatedKind;
  /** How many locked things it is asked about; one that is asked about nothing is left alone. */
  count: number;
  ask(host: BuildHost): Promise<Newer[]>;
}

/** Asks every source at once what newer there is. Changes nothing. */
export async function findNewer(
  site: Site,
  lock: Lock,
  host: BuildHost,
): Promise<Pick<Outdated, 'asked' | 'newer'>> {
  const answers = await together(
    sources(site, lock)
      .filter(({ count }) => count > 0)
      .map((source) => async (signal: AbortSignal) => await answer(source, { ...host, signal })),
    host.signal,
  );
  return { asked: answers.map(({ asked }) => asked), newer: answers.flatMap(({ newer }) => newer) };
}

function sources(site: Site, lock: Lock): Source[] {
  return [
    {
      kind: 'package',
      title: "Debian's index",
      count: lock.debian.packages.length,
      ask: async (host) => await newerPackages(lock, site, host),
    },
    {
      kind: 'image',
      title: 'the registries of published images and charts',
      count: lock.upstream.length + lock.charts.length,
      ask: async (host) => await newerImages(lock, site, host),
    },
    {
      kind: 'module',
      title: 'for newer Go modules',
      count: lock.go.length,
      ask: async (host) => await newerModules(site, lock, host),
    },
    { kind: 'node', title: 'the npm registry', count: 1, ask: async (host) => await newerNode(lock, host) },
  ];
}

async function answer({ kind, title, count, ask }: Source, host: BuildHost) {
  const started = performance.now();
  const part = { id: `outdated/${kind}`, title: `ask ${title}` };
  const newer = await tracked(
    host.progress,
    part,
    () => ask(host),
    (found) => ({ detail: `${found.length} newer` }),
  );
  return { newer, asked: { kind, count, tookMs: Math.round(performance.now() - started) } };
}

async function newerPackages({ debian }: Lock, site: Site, host: BuildHost): Promise<Newer[]> {
  const names = debian.packages.map(({ name }) => name);
  const candidates = await candidateVersions(names, site, host);
  return debian.packages.flatMap(({ name, version: locked }): Newer[] => {
    const newest = candidates.get(name) ?? locked;
    return compareDebianVersions(locked, newest) < 0 ? [{ kind: 'package', name, locked, newest }] : [];
  });
}

/** Newer tags of the same form, unless a release chose the tag, and tags that name another image than when they were locked. */
async function newerImages({ upstream, charts }: Lock, site: Site, host: BuildHost): Promise<Newer[]> {
  const chosen = upstream.filter(({ release }) => release === undefined);
  const newer = await askRegistries([...chosen, ...charts], site, host, newerImage);
  const names = (locked: readonly { reference: string }[]) => locked.map(({ reference }) => reference);
  const now = [
    ...(await lockUpstream(names(upstream), site, host)),
    ...(await lockCharts(names(charts), site, host)),
  ];
  const moved = [...upstream, ...charts].flatMap(({ reference: name, digest: locked }): Newer[] => {
    const newest = now.find(({ reference }) => reference === name)?.digest ?? locked;
    return newest === locked ? [] : [{ kind: 'image', name, locked, newest }];
  });
  return [...moved, ...newer.flat()];
}

async function newerImage({ reference }: { reference: string }, registries: Registries): Promise<Newer[]> {
  const { host, repository, tag = '' } = readReference(reference);
  const newest = newerTag(tag, await listTags(await registries.of(host), repository));
  return newest === null ? [] : [{ kind: 'image', name: `${host}/${repository}`, locked: tag, newest }];
}

async function newerNode({ node }: Lock, { signal }: BuildHost): Promise<Newer[]> {
  const { stdout } = await run(['npm', 'view', node.package, 'version'], { signal }).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      throw new CpiabError('E3002', { subject: node.package, cause });
    },
  );
  const newest = stdout.trim();
  const older = newerTag(node.version, [newest]) !== null;
  return older ? [{ kind: 'node', name: node.package, locked: node.version, newest }] : [];
}
