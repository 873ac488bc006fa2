import { rm } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { GitSource } from '../../contract/published.ts';
import type { Site } from '../../contract/site.ts';
import { openRemote, remoteGit } from '../download/git.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';

/** Questions to servers at a time. */
const PARALLEL = 4;
const COMMIT = /^[0-9a-f]{40}$/;

/** Asks each repository what commit its branch or tag is now. Sorted by address and reference. */
export async function lockSources(
  entries: readonly GitSource[],
  site: Site,
  host: BuildHost,
): Promise<Lock['git']> {
  const turns = { parallel: PARALLEL, signal: host.signal };
  const locked = await inTurn(entries, turns, (entry, signal) =>
    lockSource(entry, site, { ...host, signal }),
  );
  return locked.toSorted((a, b) => (`${a.url}@${a.ref}` < `${b.url}@${b.ref}` ? -1 : 1));
}

async function lockSource(
  { url, ref }: GitSource,
  site: Site,
  host: BuildHost,
): Promise<Lock['git'][number]> {
  // A commit needs no question; the build finds out whether it is there.
  if (COMMIT.test(ref)) return { url, ref, name: 'refs/heads/main', commit: ref };
  const scratch = await host.cache.scratch('git-remote');
  try {
    const remote = await openRemote(url, site, host.repository, scratch);
    const names = ref.startsWith('refs/') ? [ref] : [`refs/tags/${ref}`, `refs/heads/${ref}`];
    const asked = names.flatMap((name) => [name, `${name}^{}`]);
    const found = parse(await remoteGit(remote, ['ls-remote', '--', url, ...asked], host.signal));
    // A tag goes before a branch of its name, as in gitrevisions(7).
    const name = names.find((one) => found.has(one));
    const commit = found.get(`${name}^{}`) ?? found.get(name ?? '');
    if (name === undefined || commit === undefined)
      throw new CpiabError('E3046', { subject: url, args: [ref] });
    if (!COMMIT.test(commit))
      throw new CpiabError('E1011', { subject: url, args: ['a repository with SHA-256 object names'] });
    return { url, ref, name, commit };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Name → object; `name^{}` is what an annotated tag points to. Source: git-ls-remote(1). */
function parse(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [object = '', name = ''] = line.split('\t');
      return [name, object];
    }),
  );
}
