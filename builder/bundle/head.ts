import { resolve } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { ProcessError } from '../../host/process.ts';
import { type Git, gitIn } from './git-command.ts';

/** The commit a bundle packs. */
export interface Head {
  /** 40 hexadecimal digits. */
  commit: string;
  /** `commit`, or `commit-dirty` when the work tree has changes. */
  revision: string;
  /** How many commits are reachable from it. */
  sequence: number;
  /** Absolute path of the repository's common Git directory. */
  gitDir: string;
}

/**
 * Reads HEAD of the repository.
 * @throws CpiabError E1013 when there is none, E1016 when its history is cut off, E1055 and E1056 when a box could not
 *   serve all of it, E1008 when the tree has changes and `dirty` isn't set; what `gitIn` throws.
 */
export async function headOf(repository: string, dirty: boolean, signal: AbortSignal): Promise<Head> {
  const git = gitIn(repository, signal);
  const commit = await git('rev-parse', '--verify', 'HEAD^{commit}').catch((cause: unknown) => {
    if (!(cause instanceof CpiabError) || cause.code !== 'E1057') throw cause;
    throw new CpiabError('E1013', { subject: repository, cause });
  });
  if ((await git('rev-parse', '--is-shallow-repository')) === 'true') {
    throw new CpiabError('E1016', { subject: repository });
  }
  await rejectElsewhere(git, commit);
  const changes = await git('status', '--porcelain');
  if (changes !== '' && !dirty)
    throw new CpiabError('E1008', { subject: repository, args: [summary(changes)] });
  return {
    commit,
    revision: changes === '' ? commit : `${commit}-dirty`,
    sequence: Number(await git('rev-list', '--count', commit)),
    gitDir: resolve(repository, await git('rev-parse', '--git-common-dir')),
  };
}

/** Mode of an entry that names a commit of another repository. Source: git-fast-import(1). */
const SUBMODULE = /^160000 commit [0-9a-f]+\t(?<path>.*)$/s;
/** First line of what stands for a file that Git LFS keeps elsewhere. Source: the specification of Git LFS. */
const POINTER = 'version https://git-lfs.github.com/spec/v1';

/** What a commit names but does not hold, nobody gets from a box. @throws CpiabError E1055, E1056. */
async function rejectElsewhere(git: Git, commit: string): Promise<void> {
  const entries = (await git('ls-tree', '-r', '-z', commit)).split('\0');
  const submodule = entries.flatMap((entry) => SUBMODULE.exec(entry)?.groups?.['path'] ?? [])[0];
  if (submodule !== undefined) throw new CpiabError('E1055', { subject: JSON.stringify(submodule) });
  const found = await git('grep', '-l', '-z', '-e', `^${POINTER}$`, commit).catch((error: unknown) => {
    // Source: git-grep(1), exit status; 1 when nothing matches.
    const { cause } = error as Error;
    if (cause instanceof ProcessError && cause.status === 1) return '';
    throw error;
  });
  for (const name of found.split('\0').filter((each) => each !== '')) {
    const text = await git('cat-file', 'blob', name);
    const subject = JSON.stringify(name.slice(commit.length + 1));
    if (text.startsWith(`${POINTER}\n`)) throw new CpiabError('E1056', { subject });
  }
}

function summary(changes: string): string {
  const files = changes.split('\n').map((line) => line.slice(3));
  const more = files.length - 3;
  return files.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
