import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { flux } from '../../contract/layout.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';

/** What the box's canonical repository starts from. */
export interface PackedRepository {
  /** A git bundle of one branch, `contract/layout.ts` `flux.branch`. */
  file: CachedFile;
  cached: boolean;
}

/**
 * Packs the history of one commit as a git bundle, the same bytes for the same commit: objects are
 * deltified afresh by one thread of the locked git, so the source repository's own packs don't matter.
 * @param gitDir absolute path of the repository's Git directory.
 * @param commit 40 hexadecimal digits.
 */
export async function packRepository(
  cache: Cache,
  sandbox: Sandbox,
  gitDir: string,
  commit: string,
  signal: AbortSignal,
): Promise<PackedRepository> {
  const key = { commit, branch: flux.branch, tools: sandbox.key };
  const { files, cached } = await cache.files('git', key, async (scratch) => {
    const bare = join(scratch, 'repository.git');
    await mkdir(bare);
    const git = (args: string[]) =>
      sandbox.run(['git', '-c', 'safe.directory=*', ...args], {
        binds: [
          { source: scratch, target: '/scratch', write: true },
          { source: gitDir, target: '/source', write: false },
        ],
        env: { GIT_CONFIG_NOSYSTEM: '1', HOME: '/scratch' },
        signal,
      });
    await git(['init', '--quiet', '--bare', '/scratch/repository.git']);
    await git([
      '-C',
      '/scratch/repository.git',
      'fetch',
      '--quiet',
      '/source',
      `${commit}:refs/heads/${flux.branch}`,
    ]);
    await git([
      ...['-C', '/scratch/repository.git', '-c', 'pack.threads=1', '-c', 'core.compression=9'],
      ...['-c', 'pack.allowPackReuse=false', 'repack', '-a', '-d', '-f', '-q', '--window=50', '--depth=50'],
    ]);
    await git([
      ...['-C', '/scratch/repository.git', '-c', 'pack.threads=1', 'bundle', 'create', '--quiet'],
      ...['/scratch/site.bundle', flux.branch],
    ]);
    return { bundle: join(scratch, 'site.bundle') };
  });
  return { file: files.bundle, cached };
}
