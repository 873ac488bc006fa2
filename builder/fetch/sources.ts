import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import { packCommit } from '../bundle/git.ts';
import { openRemote, type Remote, remoteGit } from '../download/git.ts';
import type { BuildHost } from '../host.ts';

type Locked = Lock['git'][number];

/** A published Git repository at its locked commit. */
export interface FetchedSource extends Locked {
  /** A git bundle of one reference. */
  file: CachedFile;
}

/**
 * Packs every Git source of the lock; one that the cache has packed before needs no network.
 * @throws CpiabError E3045 for what git cannot read, E3047 for a commit that is gone.
 */
export async function fetchSources(
  site: Site,
  lock: Lock,
  sandbox: Sandbox,
  host: BuildHost,
): Promise<FetchedSource[]> {
  const sources: FetchedSource[] = [];
  for (const locked of lock.git) {
    const { url, ref, name, commit } = locked;
    const gitDir = async (scratch: string) => {
      if (host.from !== undefined) throw notCarried(locked, host.from);
      return await obtain(
        locked,
        await openRemote(url, site, host.repository, scratch),
        scratch,
        host.signal,
      );
    };
    const { file } = await tracked(
      host.progress,
      { id: `git/${url}@${ref}`, title: `${url} at ${ref}` },
      () => packCommit(host.cache, sandbox, { commit, name, gitDir }, host.signal),
      ({ cached }) => ({ cached }),
    );
    sources.push({ ...locked, file });
  }
  return sources;
}

/** A folder has no Git repositories: only what an earlier build packed is there without their servers. */
function notCarried({ url, ref, commit }: Locked, from: string): CpiabError {
  const remedy = 'build once on this machine where the repository can be reached';
  return new CpiabError('E3090', { subject: `${url} ${ref} ${commit}`, args: [from, remedy] });
}

/** Fetches the commit and its history; all there is, from a server that gives nothing but what references name. */
async function obtain(
  { url, commit, ref }: Locked,
  remote: Remote,
  scratch: string,
  signal: AbortSignal,
): Promise<string> {
  const gitDir = join(scratch, 'remote.git');
  const git = (...args: string[]) => remoteGit(remote, ['--git-dir', gitDir, ...args], signal);
  const fetch = (...refspecs: string[]) => git('fetch', '--quiet', '--no-tags', '--', url, ...refspecs);
  await remoteGit(remote, ['init', '--quiet', '--bare', gitDir], signal);
  const alone = await fetch(`${commit}:refs/locked`).catch((error: unknown) => {
    if (error instanceof CpiabError) return null;
    throw error;
  });
  if (alone !== null) return gitDir;
  await fetch('+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*');
  await git('rev-parse', '--quiet', '--verify', `${commit}^{commit}`).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new CpiabError('E3047', { subject: url, args: [commit, ref], cause });
  });
  return gitDir;
}
