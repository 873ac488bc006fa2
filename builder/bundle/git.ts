import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cache, CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';

/** What the box's canonical repository starts from. */
export interface PackedRepository {
  /** A git bundle of one reference. */
  file: CachedFile;
  cached: boolean;
}

/** A commit, and where it is. */
export interface CommitSource {
  /** 40 hexadecimal digits. */
  commit: string;
  /** What the bundle calls it, such as `refs/heads/main`. */
  name: string;
  /** Gives the absolute path of a Git directory that has it; asked only when the cache has no pack of it. */
  gitDir: (scratch: string) => Promise<string>;
}

/**
 * Packs the history of one commit as a git bundle, the same bytes for the same commit: objects are
 * deltified afresh by one thread of the locked git, so the source repository's own packs don't matter.
 */
export async function packCommit(
  cache: Cache,
  sandbox: Sandbox,
  { commit, name, gitDir }: CommitSource,
  signal: AbortSignal,
): Promise<PackedRepository> {
  const key = { commit, name, tools: sandbox.key };
  const { files, cached } = await cache.files('git', key, async (scratch) => {
    const bare = join(scratch, 'repository.git');
    await mkdir(bare);
    const source = await gitDir(scratch);
    const git = (args: string[]) =>
      sandbox.run(['git', '-c', 'safe.directory=*', ...args], {
        binds: [
          { source: scratch, target: '/scratch', write: true },
          { source, target: '/source', write: false },
        ],
        env: { GIT_CONFIG_NOSYSTEM: '1', HOME: '/scratch' },
        signal,
      });
    const inBare = ['-C', '/scratch/repository.git'];
    await git(['init', '--quiet', '--bare', '/scratch/repository.git']);
    await git([...inBare, 'fetch', '--quiet', '--no-tags', '/source', `${commit}:${name}`]);
    await git([
      ...[...inBare, '-c', 'pack.threads=1', '-c', 'core.compression=9'],
      ...['-c', 'pack.allowPackReuse=false', 'repack', '-a', '-d', '-f', '-q', '--window=50', '--depth=50'],
    ]);
    await git([
      ...[...inBare, '-c', 'pack.threads=1', 'bundle', 'create', '--quiet'],
      ...['/scratch/packed.bundle', name],
    ]);
    return { bundle: join(scratch, 'packed.bundle') };
  });
  return { file: files.bundle, cached };
}
