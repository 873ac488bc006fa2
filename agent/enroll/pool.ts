import { type NodePool, poolLabel, type Taint } from '../../contract/node-pools.ts';
import { matches } from '../glob.ts';
import type { NodeRecord } from './ledger.ts';

/** What a site says about one node. */
export interface Declared {
  labels: Readonly<Record<string, string>>;
  taints: readonly Taint[];
}

/** Of the first pool that fits. What a machine says about itself counts for no more than a label and a taint. */
export function declaredFor(
  pools: readonly NodePool[],
  { name, key, inventory }: Pick<NodeRecord, 'name' | 'key' | 'inventory'>,
): Declared {
  const pool = pools.find(
    ({ match }) =>
      match.names.some((pattern) => matches(pattern, name)) ||
      match.keys.includes(key) ||
      match.machineIds.includes(inventory?.machineId ?? ''),
  );
  if (pool === undefined) return { labels: {}, taints: [] };
  return { labels: { ...pool.labels, [poolLabel]: pool.name }, taints: pool.taints };
}
