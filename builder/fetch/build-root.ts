import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { tracked } from '../../contract/progress.ts';
import { stableJson } from '../../host/cache.ts';
import { bubblewrap, type Sandbox } from '../../host/sandbox.ts';
import type { BuildHost } from '../host.ts';
import type { DebStore } from './debs.ts';

/** Raised when the way the root is put together changes. */
const RECIPE = 1;

/**
 * The root file system that builds run in: the `build` set's packages, unpacked. Its tools need no
 * maintainer scripts, so making it needs no privilege.
 */
export async function assembleBuildRoot(debs: DebStore, host: BuildHost): Promise<Sandbox> {
  const packages = debs.set('build');
  const key = { recipe: RECIPE, packages: packages.map(({ sha256 }) => sha256) };
  const { path } = await tracked(
    host.progress,
    { id: 'build-root', title: `build root of ${packages.length} packages` },
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
  return bubblewrap(path, createHash('sha256').update(stableJson(key)).digest('hex'));
}
