import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lock } from '../../contract/lock.ts';
import { digestOf, hexOf } from '../../contract/manifest.ts';
import type { MediaKind } from '../../contract/media.ts';
import type { Program } from '../../contract/programs.ts';
import { hasBox, mediaOf, type Site } from '../../contract/site.ts';
import type { Cache } from '../../host/cache.ts';
import { buildRootKey, isBuildRootThere } from '../fetch/build-root.ts';
import { readCarried } from '../fetch/carried.ts';
import { packagesOf } from '../fetch/debs.ts';
import { countModules, type ModuleCount } from '../fetch/modules.ts';
import { missingOsParts } from '../fetch/os-root.ts';
import { programKey } from '../fetch/programs.ts';
import { compilerKey } from '../fetch/toolchain.ts';
import { isCompiledByBuilds } from '../fetch/tools.ts';
import type { BuildHost } from '../host.ts';

/** What the cache lacks of all that a build needs: what the build will fetch and make. */
export interface Work {
  /** Bytes of Debian packages. */
  debs: { count: number; bytes: number };
  /** Programs to compile, and whether anything of the compiler's own cache and modules is there to use. */
  programs: Program[];
  /** Nothing has been compiled here before. */
  cold: boolean;
  /** Go modules of these programs. */
  modules: ModuleCount;
  node: boolean;
  /** References whose registry will be asked, addresses of files. */
  published: { images: string[]; charts: string[]; files: string[]; bytes: number };
  /** Ids of other parts, as progress has them. */
  assembled: string[];
  media: readonly MediaKind[];
}

/** A folder brings it all: nobody is asked. */
const NOTHING_PUBLISHED: Work['published'] = { images: [], charts: [], files: [], bytes: 0 };

/** Looks at the cache. Makes nothing, asks nobody. */
export async function planWork(
  site: Site,
  lock: Lock,
  host: BuildHost,
  media: readonly MediaKind[] = mediaOf(site),
): Promise<Work> {
  const { cache } = host;
  const packages = lock.debian.packages;
  const debs = (await Promise.all(packages.map((deb) => isThere(cache, deb)))).flatMap((there, index) =>
    there ? [] : [packages[index]?.size ?? 0],
  );
  const tools = buildRootKey(lock);
  const programs = await missingPrograms(site, compilerKey(packagesOf(lock, 'build')), host);
  const assembled = [
    ...((await isBuildRootThere(lock, cache)) ? [] : ['build-root']),
    ...(hasBox(site) ? await missingOsParts(lock, tools, host) : []),
    ...(hasBox(site) ? ['compose'] : []),
    'bundle',
    'image',
  ];
  return {
    debs: { count: debs.length, bytes: sum(debs) },
    programs,
    cold: await isEmpty(join(cache.root, 'go', 'build')),
    modules: await countModules(programs, host.repository, cache),
    node: hasBox(site) && (await cache.peek('node', lock.node)) === null,
    published: host.from === undefined ? await publishedWork(lock, cache) : NOTHING_PUBLISHED,
    assembled,
    media,
  };
}

async function missingPrograms(
  site: Site,
  toolchain: string,
  { cache, repository }: BuildHost,
): Promise<Program[]> {
  const all = (await readCarried(repository, site)).programs.filter(({ name }) => isCompiledByBuilds(name));
  const known = await Promise.all(
    all.map(async (program) => await cache.peek('go', await programKey(program, toolchain, repository))),
  );
  return all.filter((_, index) => known[index] === null);
}

/** Manifests of images are asked for by digest in every build; charts and files that the cache has ask for nothing. */
async function publishedWork({ upstream, charts, files }: Lock, cache: Cache): Promise<Work['published']> {
  const missing = async (digest: string) =>
    (await stat(cache.blobPath(hexOf(digest))).catch(() => null)) === null;
  const absent = async <Entry extends { digest: string }>(entries: readonly Entry[]) => {
    const answers = await Promise.all(entries.map(({ digest }) => missing(digest)));
    return entries.filter((_, index) => answers[index]);
  };
  const images = await absent(upstream);
  const archives = await absent(charts);
  const plain = await absent(files.map(({ url, sha256, size }) => ({ url, digest: digestOf(sha256), size })));
  return {
    images: upstream.map(({ reference }) => reference),
    charts: archives.map(({ reference }) => reference),
    files: plain.map(({ url }) => url),
    bytes: sum([...images, ...archives, ...plain].map(({ size }) => size)),
  };
}

async function isThere(cache: Cache, { sha256, size }: { sha256: string; size: number }): Promise<boolean> {
  return (await stat(cache.blobPath(sha256)).catch(() => null))?.size === size;
}

async function isEmpty(directory: string): Promise<boolean> {
  return (await readdir(directory).catch(() => [])).length === 0;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
