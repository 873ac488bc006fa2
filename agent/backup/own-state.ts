import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../contract/manifest.ts';
import type { GitRepository } from '../serve/git/repository.ts';

/** What a restore would lose that the bundle does not have: empty for a new box. */
export async function ownState(
  state: string,
  git: Pick<GitRepository, 'head'>,
  { revision }: Pick<Manifest, 'revision'>,
  signal: AbortSignal,
): Promise<string[]> {
  const { id } = await git.head(signal);
  const pushed = id === revision.replace(/-dirty$/, '') ? [] : ['commits that were pushed to it'];
  const volumes = await readdir(join(state, 'volumes')).catch(() => [] as string[]);
  const filled: string[] = [];
  for (const name of volumes)
    if ((await readdir(join(state, 'volumes', name)).catch(() => [])).length > 0) filled.push(name);
  return filled.length === 0 ? pushed : [...pushed, `volumes with files (${filled.length})`];
}
