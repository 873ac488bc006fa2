import { type NodePool, poolLabel, type Taint } from '../../contract/node-pools.ts';
import { matches } from '../glob.ts';
import type { NodeRecord } from './ledger.ts';

/** What a site says about one node. */
export interface Declared {
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
}

type Matched = Pick<NodeRecord, 'name' | 'key' | 'inventory'>;

/** The first pool that fits. */
export function poolOf(pools: readonly NodePool[], { name, key, inventory }: Matched): NodePool | undefined {
  return pools.find(
    ({ match }) =>
      match.names.some((pattern) => matches(pattern, name)) ||
      match.keys.includes(key) ||
      match.machineIds.includes(inventory?.machineId ?? ''),
  );
}

/** Of the pool of a node. What a machine says about itself counts for no more than a label and a taint. */
export function declaredFor(pools: readonly NodePool[], node: Matched): Declared {
  const pool = poolOf(pools, node);
  return pool === undefined ? { labels: {}, taints: [] } : declaredOf(pool);
}

export const declaredOf = ({ name, labels, taints }: NodePool): Declared => ({
  labels: { ...labels, [poolLabel]: name },
  taints,
});
