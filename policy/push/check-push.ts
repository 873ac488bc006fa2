import type { GitPolicy } from '../../contract/git-policy.ts';
import { flux } from '../../contract/layout.ts';
import type { BoxSite } from '../../contract/site.ts';
import type { ObjectStore } from '../../host/git-objects.ts';
import { ProcessError, run } from '../../host/process.ts';
import { checkTree, distinct } from '../check-tree.ts';
import type { Finding } from '../finding.ts';
import type { Carried } from '../rules/context.ts';
import { gitTree } from '../tree/git-tree.ts';
import { checkNewFiles, checkSignatures } from './history.ts';

/** One line that git gives its hooks. Source: githooks(5), `pre-receive`. */
export interface RefUpdate {
  /** Such as `refs/heads/main`. */
  name: string;
  /** Commits; null where the reference is made, or deleted. */
  from: string | null;
  to: string | null;
}

export interface PushQuestion {
  /** Sees what the push brings. */
  store: ObjectStore;
  updates: readonly RefUpdate[];
  site: BoxSite;
  carried: Carried;
  policy: GitPolicy;
}

export const MAIN = `refs/heads/${flux.branch}`;

/**
 * All that keeps a push from being taken. Branches other than `main` may be made, rewritten and deleted, and hold
 * what they want but secrets and large files: Flux sees `main` only.
 */
export async function checkPush(question: PushQuestion, signal: AbortSignal): Promise<Finding[]> {
  const { store, updates } = question;
  const references = (
    await Promise.all(updates.map((update) => checkReference(update, store, signal)))
  ).flat();
  if (references.length > 0) return references;
  const tips = updates.flatMap(({ to }) => to ?? []);
  if (tips.length === 0) return [];
  const main = updates.find(({ name }) => name === MAIN);
  return distinct([
    ...(await checkNewFiles(store, tips, signal)),
    ...(main?.to == null ? [] : await checkMain({ from: main.from, to: main.to }, question, signal)),
  ]);
}

/** What is wrong with commits that `main` would get. */
export async function checkMain(
  range: { from: string | null; to: string },
  { store, site, carried, policy }: Omit<PushQuestion, 'updates'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const tree = await gitTree(store, range.to, signal);
  const date = await dateOf(store, range.to, signal);
  return [
    ...(await checkSignatures(store, range, policy, signal)),
    ...(await checkTree({ tree, site, date, carried })),
  ];
}

async function checkReference(
  { name, from, to }: RefUpdate,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (!/^refs\/(?:heads|tags)\//.test(name))
    return [{ rule: 'reference-name', file: name, what: 'is neither a branch nor a tag' }];
  if (name.startsWith('refs/tags/') && from !== null)
    return [{ rule: 'tag-moved', file: name, what: to === null ? 'would be deleted' : 'is there already' }];
  if (name !== MAIN || from === null) return [];
  if (to === null) return [{ rule: 'protected-branch', file: name, what: 'would be deleted' }];
  return (await isAncestor(from, to, store, signal))
    ? []
    : [
        {
          rule: 'protected-branch',
          file: name,
          what: `${to.slice(0, 12)} does not follow ${from.slice(0, 12)}`,
        },
      ];
}

async function isAncestor(
  from: string,
  to: string,
  { gitDir, env }: ObjectStore,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await run(['git', '--git-dir', gitDir, 'merge-base', '--is-ancestor', from, to], { env, signal });
    return true;
  } catch (error) {
    if (error instanceof ProcessError && error.status === 1) return false;
    throw error;
  }
}

/** Day of a commit, UTC. */
export async function dateOf(
  { gitDir, env }: ObjectStore,
  commit: string,
  signal: AbortSignal,
): Promise<string> {
  const argv = ['git', '--git-dir', gitDir, 'log', '-1', '--format=%ct', commit];
  const { stdout } = await run(argv, { env, signal });
  return new Date(Number(stdout.trim()) * 1000).toISOString().slice(0, 10);
}
