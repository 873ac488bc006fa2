import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpiabError, combined } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import { type BoxSite, hasBox, type Site, whyNoBox } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import { type Need, type Needs, needsOf } from '../../policy/closed/needs.ts';
import { readBundleSets, readRecipe } from '../fetch/recipes.ts';
import type { BuildHost } from '../host.ts';
import { isReference } from '../lock/upstream.ts';
import { addChartImages, dependencyFindings, readCharts } from './charts.ts';
import { type Carried, compare } from './compare.ts';
import { placeOf } from './place.ts';
import { Renderer } from './render.ts';
import { ruleFindings } from './rules.ts';
import { checkOut, optionalApps } from './tree.ts';
import { walk } from './walk.ts';

export interface CloseInput {
  site: BoxSite;
  lock: Lock;
  /** Absolute path of the Git directory, and the commit in it that is packed. */
  gitDir: string;
  commit: string;
  sandbox: Sandbox;
  kustomize: CachedFile;
}

/** The site whose Git a box applies, or why there is nothing to prove of Git. */
export function toClose(site: Site): { site: BoxSite } | { skipped: string } {
  return hasBox(site) ? { site } : { skipped: `${whyNoBox(site)}, so its Git applies nothing` };
}

/** What Git can reach, and where it leads out of the bundle. */
export interface ClosedWorld {
  /** By reference: every way to it. */
  images: { image: string; ways: string[] }[];
  /** By reference: every way to it. */
  charts: { chart: string; ways: string[] }[];
  /** By `address@reference`: every way to it. */
  repositories: { repository: string; ways: string[] }[];
  /** Objects looked at. */
  objects: number;
  findings: CpiabError[];
}

/** Walks all that Git can reach and holds it against the bundle. */
export async function examineWorld(input: CloseInput, host: BuildHost): Promise<ClosedWorld> {
  const scratch = await host.cache.scratch('close');
  try {
    const tree = join(scratch, 'tree');
    await checkOut(input.gitDir, input.commit, tree, host.signal);
    const { sandbox, kustomize, site } = input;
    const world = await walk(new Renderer(tree, { sandbox, kustomize, signal: host.signal }), site.name);
    const needs = needsOf(world.objects, site);
    const charts = await readCharts(site, input.lock, host);
    addChartImages(charts, world.objects, input, needs);
    const optional = await optionalApps(tree);
    const places = await placesOf(tree, needs);
    const compared = compare({
      site,
      carried: await carriedBy(site, input.lock, host.repository),
      needs,
      folders: world.folders,
      incomplete: world.incomplete,
      isOptional: (file) => [...optional].some((folder) => file.startsWith(`${folder}/`)),
      place: (need) => places.get(need) ?? need.file,
    });
    const images = [...needs.images].map(([image, { needs: all }]) => ({ image, ways: waysOf(all) }));
    const taken = [...needs.charts].map(([chart, all]) => ({ chart, ways: waysOf(all) }));
    const repositories = [...needs.repositories].map(([repository, all]) => ({
      repository,
      ways: waysOf(all),
    }));
    const findings = [...world.findings, ...compared, ...dependencyFindings(charts)];
    return { images, charts: taken, repositories, objects: world.objects.length, findings };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The stage of a build: fails unless the world is closed and Git keeps the rules. @throws CpiabError E22xx, the first carrying the others. */
export async function proveClosedWorld(input: CloseInput, host: BuildHost): Promise<ClosedWorld> {
  const world = await examineWorld(input, host);
  failOn([...world.findings, ...(await ruleFindings(input, host.signal))]);
  return world;
}

/** What is found of a site that has no box: its Git applies nothing, but its charts must be whole. */
export async function chartFindings(site: Site, lock: Lock, host: BuildHost): Promise<CpiabError[]> {
  return dependencyFindings(await readCharts(site, lock, host));
}

/** The stage of a build of such a site. @throws CpiabError E2220. */
export async function proveChartsWhole(site: Site, lock: Lock, host: BuildHost): Promise<void> {
  failOn(await chartFindings(site, lock, host));
}

function failOn(findings: readonly CpiabError[]): void {
  const [first, ...others] = findings;
  if (first !== undefined) throw combined([first, ...others]);
}

const waysOf = (needs: readonly Need[]) => needs.map(({ way }) => way.join(' → '));

async function placesOf(tree: string, needs: Needs): Promise<Map<Need, string>> {
  const all = [
    ...[...needs.images.values()].flatMap((found) => found.needs),
    ...[...needs.charts.values(), ...needs.repositories.values()].flat(),
    ...needs.addresses,
    ...needs.unknown.map(({ need }) => need),
  ];
  return new Map(
    await Promise.all(all.map(async (need) => [need, await placeOf(tree, need.file, need.text)] as const)),
  );
}

/** What the site's bundle sets put in. */
async function carriedBy(site: Site, lock: Lock, repository: string): Promise<Carried> {
  const sets = await readBundleSets(repository, site);
  const images = new Map<string, Digest | null>(
    lock.upstream.map(({ reference, digest }) => [reference, digest]),
  );
  for (const name of sets.images.filter((entry) => !isReference(entry)))
    for (const { reference } of (await readRecipe(repository, name)).images) images.set(reference, null);
  const charts = new Map(lock.charts.map(({ reference, digest }) => [reference, digest]));
  return { images, charts, repositories: lock.git, programs: sets.programs, apps: sets.apps };
}
