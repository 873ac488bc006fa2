import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Lock } from '../../contract/lock.ts';
import type { Program } from '../../contract/programs.ts';
import { hasBox, type Site } from '../../contract/site.ts';
import { stableJson } from '../../host/cache.ts';
import { readCarried } from '../fetch/carried.ts';
import { goFolder } from '../fetch/programs.ts';
import { recipePackages } from '../fetch/recipes.ts';
import type { BuildHost } from '../host.ts';
import { lockCharts } from './charts.ts';
import { rejectCollisions } from './collisions.ts';
import { type PackageSet, resolveDebian } from './debian.ts';
import { lockFiles } from './files.ts';
import { lockInputs } from './inputs.ts';
import { readOsProfile } from './os-profile.ts';
import { lockReferrers } from './referrers.ts';
import { ofRelease, readRelease } from './release.ts';
import { lockSignatures } from './signatures.ts';
import { lockSources } from './sources.ts';
import { isReference, lockUpstream } from './upstream.ts';

/** Bytes that Go modules and compiled objects take in the cache, measured for the programs of `supply/go`. */
const GO_DOWNLOAD = 900 * 2 ** 20;
const GO_CACHE = 6 * 2 ** 30;
/** Media and bundle, as a multiple of what the packages weigh; measured. */
const OUTPUT_FACTOR = 6;

/** A published image in the cache, with its layers unpacked; in bundle, ISO and tarball. Multiples of its download. */
const UNPACKED_FACTOR = 4;
const MEDIA_FACTOR = 5;

/** Pins every reference of a site anew. Needs the network; writes nothing. */
export async function resolveLock(site: Site, host: BuildHost): Promise<Lock> {
  const { repository } = host;
  const { bundles, recipes, programs } = await readCarried(repository, site);
  const { os, build } = await readOsProfile(repository);
  const sets: Record<string, PackageSet> = hasBox(site) ? { os, build } : { build };
  for (const recipe of recipes) {
    const include = recipePackages(recipe);
    if (include.length > 0) sets[`image/${recipe.name}`] = { include, kind: 'files' };
  }
  const release = await readRelease(site, host);
  const debian = await resolveDebian(sets, site, host);
  const references = [...new Set([...bundles.images, ...release.images])];
  rejectCollisions(recipes, references.filter(isReference));
  const images = await lockUpstream(references, site, host);
  const signed = await lockSignatures(images, site, host);
  const upstream = ofRelease(release, await lockReferrers(signed, site, host));
  const charts = await lockCharts(bundles.charts, site, host);
  const files = await lockFiles([...bundles.files, ...release.files], site, host);
  const git = await lockSources(bundles.git, site, host);
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Lock',
    site: site.name,
    epoch: Math.max(...debian.indexes.map(({ date }) => date)),
    inputs: await lockInputs(repository, site),
    debian,
    go: await lockPrograms(repository, programs),
    node: await lockNode(repository),
    images: recipes.map((recipe) => ({ name: recipe.name, recipeDigest: digest(stableJson(recipe)) })),
    upstream,
    charts,
    files,
    git,
    sizes: estimate(site, debian.packages, upstream, [...charts, ...files]),
  };
}

/** What others publish besides images. */
const publishedKinds = ['charts', 'files', 'git'] as const;

/** The lock as a file: sorted members, one fact a line. */
export function formatLock(lock: Lock): string {
  const { debian, ...rest } = lock;
  const kinds = publishedKinds.filter((kind) => lock[kind].length > 0);
  const flat = {
    ...rest,
    // A kind that the site has none of is left out, as locks of before that kind have it.
    ...Object.fromEntries(publishedKinds.map((kind) => [kind, lock[kind].length > 0 ? [] : undefined])),
    upstream: [],
    debian: { ...debian, packages: [], indexes: [] },
  };
  const rows = (values: unknown[]) =>
    `[\n${values.map((value) => `   ${stableJson(value)}`).join(',\n')}\n  ]`;
  const text = stableJson(flat, 1)
    .replace('"packages": []', () => `"packages": ${rows(debian.packages)}`)
    .replace('"indexes": []', () => `"indexes": ${rows(debian.indexes)}`)
    .replace('"upstream": []', () => `"upstream": ${rows(rest.upstream)}`);
  return `${kinds.reduce((all, kind) => all.replace(`"${kind}": []`, () => `"${kind}": ${rows(lock[kind])}`), text)}\n`;
}

async function lockPrograms(repository: string, programs: readonly Program[]): Promise<Lock['go']> {
  return await Promise.all(
    programs.map(async ({ name, dir, modules: [main] }) => ({
      name,
      module: main?.module ?? name,
      version: main?.version ?? '',
      sumDigest: digest(await readFile(join(repository, goFolder, dir, 'go.sum'), 'utf8')),
    })),
  );
}

const packageConfig = z.object({
  config: z.object({ nodePackage: z.string(), nodeVersion: z.string(), nodeIntegrity: z.string() }),
});

/** The box runs the same Node that the launcher installs. */
async function lockNode(repository: string): Promise<Lock['node']> {
  const { config } = packageConfig.parse(
    JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')),
  );
  return { package: config.nodePackage, version: config.nodeVersion, integrity: config.nodeIntegrity };
}

function estimate(
  site: Site,
  packages: Lock['debian']['packages'],
  upstream: Lock['upstream'],
  kept: readonly { size: number }[],
): Lock['sizes'] {
  const [download, compiled] = hasBox(site) ? [GO_DOWNLOAD, GO_CACHE] : [0, 0];
  const debs = packages.reduce((sum, { size }) => sum + size, 0);
  const unpacked = packages.reduce((sum, { installed }) => sum + installed * 1024, 0);
  const images = upstream.reduce((sum, { size }) => sum + size, 0);
  const asTheyAre = kept.reduce((sum, { size }) => sum + size, 0);
  return {
    download: debs + download + images + asTheyAre,
    cache: debs + unpacked + compiled + images * UNPACKED_FACTOR + asTheyAre,
    output: (hasBox(site) ? debs * OUTPUT_FACTOR : 0) + (images + asTheyAre) * MEDIA_FACTOR,
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
