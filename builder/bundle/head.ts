import { resolve } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { ProcessError, run } from '../../host/process.ts';

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
 * @throws CpiabError E1013 when there is none, E1016 when its history is cut off, E1008 when the tree has
 *   changes and `dirty` isn't set.
 */
export async function headOf(repository: string, dirty: boolean, signal: AbortSignal): Promise<Head> {
  const git = async (...args: string[]) => {
    const { stdout } = await run(['git', '-C', repository, ...args], { signal });
    return stdout.trim();
  };
  const commit = await git('rev-parse', '--verify', 'HEAD^{commit}').catch((cause: unknown) => {
    if (!(cause instanceof ProcessError) || cause.failure !== 'exit') throw cause;
    throw new CpiabError('E1013', { subject: repository, cause });
  });
  if ((await git('rev-parse', '--is-shallow-repository')) === 'true') {
    throw new CpiabError('E1016', { subject: repository });
  }
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

function summary(changes: string): string {
  const files = changes.split('\n').map((line) => line.slice(2).trim());
  const more = files.length - 3;
  return files.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
