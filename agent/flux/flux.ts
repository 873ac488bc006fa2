import type { Board } from '../board.ts';
import { applyDecryptionKey } from '../decrypt/key.ts';
import { KubeError } from '../kube/client.ts';
import type { StepContext } from '../step.ts';
import { until } from '../until.ts';
import { applyCrds } from './crds.ts';
import { bootId, reconcileAnew } from './reconcile-anew.ts';
import { applyRoot } from './root.ts';
import { applySystem, readSystem } from './system.ts';

/**
 * Gives the cluster to Flux: its resource definitions, its controller as Git has it, the revision,
 * and last the root Kustomization, as one that finds no revision waits for half a minute.
 */
export async function applyFlux(board: Board, { signal, progress }: StepContext): Promise<string> {
  const { paths, site } = board;
  const kube = board.get('kube');
  const git = board.get('git');
  const head = await git.head(signal);
  const system = await readSystem((files) => git.readFiles(head.id, files, signal));
  progress('resource definitions');
  const crds = await applyCrds(kube, paths.fluxCrds, signal);
  progress('controller');
  await applySystem(kube, system, signal);
  await applyDecryptionKey(kube, paths.ageKey, signal);
  const boot = await bootId();
  await untilServed(() => reconcileAnew(kube, boot, signal), signal);
  progress('revision');
  const served = await untilServed(() => board.get('release').connect(kube, signal), signal);
  await untilServed(() => applyRoot(kube, site.name, signal), signal);
  return `${crds} definitions, ${system.length} objects, revision ${served.id.slice(0, 12)}`;
}

/** The API server takes a moment to serve a kind that was just defined; until then it is not found, or starting (429). */
async function untilServed<T>(apply: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const results: T[] = [];
  await until(async () => {
    try {
      results.push(await apply());
      return true;
    } catch (error) {
      if (error instanceof KubeError && [404, 429].includes(error.status)) return false;
      throw error;
    }
  }, signal);
  return results[0] as T;
}
