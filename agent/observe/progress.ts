import { existsSync } from 'node:fs';
import { flux } from '../../contract/layout.ts';
import type { Board } from '../board.ts';
import { revisionOf } from '../serve/artifacts/publisher.ts';
import { type Blocking, holding, listPods } from './holding.ts';
import {
  appliedCommit,
  type Kustomization,
  listKustomizations,
  nameOf,
  notApplied,
} from './kustomizations.ts';

/** How far the cluster is with a revision. */
export interface Progress {
  ready: number;
  total: number;
  /** Commit that the root has applied with all that hangs on it, or null. */
  applied: string | null;
  blocking: Blocking[];
  /** Kustomizations that are ready, as marks name them. */
  done: string[];
}

/** Looks at the cluster once, for the commit that the box's Git is at. @param explain whether to look for pods and claims as well. */
export async function look(
  board: Board,
  explain: boolean,
  signal: AbortSignal,
): Promise<Progress & { explained: boolean }> {
  const kube = board.get('kube');
  const revision = revisionOf(board.report.snapshot().git.head ?? '');
  const hasKey = existsSync(board.paths.ageKey);
  const kustomizations = await listKustomizations(kube, signal);
  const judged = kustomizations.map((item) => ({
    item,
    reason: board.lastFound.judge(item, revision, notApplied(item, revision, hasKey)),
  }));
  const blocking = judged.flatMap(({ item, reason }) =>
    reason === null ? [] : [{ object: objectOf(item), reason }],
  );
  const held =
    explain && blocking.length > 0 ? await holding(kube, await listPods(kube, signal), signal) : [];
  const root = judged.find(({ item }) => item.metadata.name === flux.rootName);
  return {
    ready: judged.length - blocking.length,
    total: judged.length,
    applied: root === undefined ? null : appliedCommit(root.item),
    blocking: [...held, ...blocking],
    done: judged.filter(({ reason }) => reason === null).map(({ item }) => objectOf(item)),
    explained: explain,
  };
}

const objectOf = (item: Kustomization) => `Kustomization/${nameOf(item)}`;
