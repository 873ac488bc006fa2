import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DebianPackage, Lock } from '../../contract/lock.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import { type Cache, stableJson } from '../../host/cache.ts';
import { bubblewrap, type Sandbox } from '../../host/sandbox.ts';
import type { BuildHost } from '../host.ts';
import { type DebStore, fetchDebs, packagesOf } from './debs.ts';

/** Raised when the way the root is put together changes. */
const RECIPE = 1;

/** The locked packages, and the root file system that builds run in. */
export interface BuildRoot {
  debs: DebStore;
  sandbox: Sandbox;
}

/** Fetches the lock's packages and opens the root. @throws CpiabError E3001, E3002, E2103, E3010. */
export async function openBuildRoot(site: Site, lock: Lock, host: BuildHost): Promise<BuildRoot> {
  const debs = await fetchDebs(site, lock, host);
  return { debs, sandbox: await assembleBuildRoot(debs, host) };
}

/** Opens it when it is first asked for, and once: not every stage that may need it does. */
export function lazyBuildRoot(site: Site, lock: Lock, host: BuildHost): () => Promise<BuildRoot> {
  let root: Promise<BuildRoot> | undefined;
  return () => {
    root ??= openBuildRoot(site, lock, host);
    return root;
  };
}

const treeKey = (packages: readonly DebianPackage[]) => ({
  recipe: RECIPE,
  packages: packages.map(({ sha256 }) => sha256),
});

const rootKey = (packages: readonly DebianPackage[]) =>
  createHash('sha256')
    .update(stableJson(treeKey(packages)))
    .digest('hex');

/** The key that the root of a lock has, whether or not it is there. */
export const buildRootKey = (lock: Lock) => rootKey(packagesOf(lock, 'build'));

export async function isBuildRootThere(lock: Lock, cache: Cache): Promise<boolean> {
  return await cache.hasTree('build-root', treeKey(packagesOf(lock, 'build')));
}

/** The `build` set's packages, unpacked. Its tools need no maintainer scripts, so making it needs no privilege. */
async function assembleBuildRoot(debs: DebStore, host: BuildHost): Promise<Sandbox> {
  const packages = debs.set('build');
  const key = treeKey(packages);
  const { path } = await tracked(
    host.progress,
    { id: 'build-root', title: `build root of ${packages.length} packages`, phase: 'assemble' },
    () =>
      host.cache.tree('build-root', key, async (directory) => {
        // base-files brings the links that merge /bin, /lib and /sbin into /usr: it comes first.
        const ordered = packages.toSorted(
          (a, b) => Number(b.name === 'base-files') - Number(a.name === 'base-files'),
        );
        for (const deb of ordered) await debs.unpack(debs.file(deb.name), directory);
        await bubblewrap(directory, 'new').run(['ldconfig', '-X', '-C', '/root-etc/ld.so.cache'], {
          binds: [{ source: join(directory, 'etc'), target: '/root-etc', write: true }],
          signal: host.signal,
        });
      }),
    ({ cached }) => ({ cached }),
  );
  return bubblewrap(path, rootKey(packages));
}
