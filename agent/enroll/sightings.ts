import type { EnrolledNode } from '../../contract/enroll.ts';
import type { NodeRecord } from './ledger.ts';

/** What the cluster said last about its Nodes. */
export class Sightings {
  #ready: ReadonlyMap<string, boolean> = new Map();

  /** @param ready of all Nodes, by name. */
  see(ready: ReadonlyMap<string, boolean>): void {
    this.#ready = ready;
  }

  isReady(name: string): boolean {
    return this.#ready.get(name) ?? false;
  }

  /** Where a node stands in the cluster. @param state of its membership now. */
  stateOf({ name, joining, ready }: NodeRecord, state: NodeRecord['state']): EnrolledNode['cluster'] {
    if (state !== 'joined') return 'none';
    if (this.isReady(name)) return 'ready';
    if (ready !== null) return 'notReady';
    return joining === null ? 'enrolled' : 'joining';
  }
}
