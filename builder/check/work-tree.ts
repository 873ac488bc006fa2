import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTooLarge } from '../../policy/push/content.ts';
import type { Tree } from '../../policy/tree/tree.ts';
import { workTree } from '../../policy/tree/work-tree.ts';
import { gitIn } from '../bundle/git-command.ts';

/** What Git has or would add, as it lies there. @throws CpiabError E1054, E1057. */
export async function readWorkTree(repository: string, signal: AbortSignal): Promise<Tree> {
  const git = gitIn(repository, signal);
  const listed = await git('ls-files', '-z', '--cached', '--others', '--exclude-standard');
  return await workTree(
    repository,
    listed.split('\0').filter((path) => path !== ''),
  );
}

/** Bytes of each file of a work tree that is not too large for Git. @param root absolute path. */
export async function* readContents(
  root: string,
  { entries }: Tree,
): AsyncGenerator<{ path: string; bytes: Buffer }> {
  for (const entry of entries.filter(({ kind }) => kind === 'file'))
    if (!isTooLarge(entry)) yield { path: entry.path, bytes: await readFile(join(root, entry.path)) };
}
