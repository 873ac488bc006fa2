import { type Kustomization, nameOf, readyOf, reconcileRequest } from './kustomizations.ts';

/**
 * What Flux found of each Kustomization. It looks at each anew every few minutes, and calls it not ready until it has: a
 * second on most boxes, minutes on one that is short of processor time. Meanwhile what it found last counts.
 */
export class LastFound {
  readonly #applied = new Map<string, string>();

  /** @param why of `notApplied`, of the same revision. @returns that, or null where it had been applied and is looked at again. */
  judge(item: Kustomization, revision: string, why: string | null): string | null {
    const key = nameOf(item);
    const asked = askedOf(item, revision);
    if (why === null) this.#applied.set(key, asked);
    else if (!isLookedAtAgain(item, revision) || this.#applied.get(key) !== asked) this.#applied.delete(key);
    return this.#applied.has(key) ? null : why;
  }
}

/** What it was when it was found applied: another object, specification, revision or request is to be found anew. */
const askedOf = ({ metadata }: Kustomization, revision: string): string =>
  JSON.stringify([metadata['uid'], metadata.generation, metadata.annotations?.[reconcileRequest], revision]);

/** `DependencyNotReady`: what it hangs on is looked at anew, or fails and is judged itself. */
const open = new Set(['Unknown Progressing', 'False DependencyNotReady']);

/** Source: kustomize-controller, conditions and history of a Kustomization. */
function isLookedAtAgain(item: Kustomization, revision: string): boolean {
  const ready = readyOf(item);
  const isOpen = open.has(`${ready?.status} ${ready?.reason}`);
  // It says that it failed only until it is tried again, seconds later.
  const hasFailed = item.status?.history?.[0]?.lastReconciledStatus !== 'ReconciliationSucceeded';
  const isAsBefore = item.spec.suspend !== true && item.status?.lastAppliedRevision === revision;
  return isOpen && !hasFailed && isAsBefore;
}
