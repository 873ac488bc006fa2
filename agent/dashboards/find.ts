import { posix } from 'node:path';
import { type Dashboard, DashboardSchema, dashboardFile } from '../../contract/dashboard.ts';
import { jsonOrNull } from '../../host/json.ts';
import { gitTree } from '../../policy/tree/git-tree.ts';
import type { GitRepository } from '../serve/git/repository.ts';

/**
 * Dashboards in the newest commit, of the folders that the cluster applies.
 * @param folders as Kustomizations name them, such as `./cluster/kubernetes/platform/prometheus`.
 */
export async function findDashboards(
  git: GitRepository,
  folders: readonly string[],
  signal: AbortSignal,
): Promise<Dashboard[]> {
  const { id } = await git.head(signal);
  const tree = await gitTree(git.store(), id, signal);
  const applied = new Set(folders.map((folder) => posix.normalize(folder).replace(/\/$/, '')));
  const files = tree.entries
    .map(({ path }) => path)
    .filter((path) => dashboardFile.test(path) && applied.has(posix.dirname(path)));
  const texts = await tree.read(files);
  // One that is none has not come past the rules for Git; a commit from before this rule may have it.
  return texts.flatMap((text) => DashboardSchema.safeParse(jsonOrNull(text ?? '')).data ?? []);
}
