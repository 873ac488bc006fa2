import type { NodeRecord } from '../enroll/ledger.ts';
import { type ClusterNode, isReady } from '../kube/nodes.ts';
import type { Problem } from '../report/report.ts';

/** What the cluster's Nodes are, held against the record of who was let in. */
export interface Comparison {
  /** Members with their Nodes. */
  known: { record: NodeRecord; node: ClusterNode }[];
  /** Members that are ready for the first time. */
  joined: NodeRecord[];
  /** Names of Nodes that nobody has let in. */
  strange: string[];
}

/** @param own name of the box's own Node. */
export function compare(
  records: Iterable<NodeRecord>,
  nodes: readonly ClusterNode[],
  own: string,
): Comparison {
  const members = new Map(
    [...records].filter(({ state }) => state === 'joined').map((one) => [one.name, one]),
  );
  const known = nodes.flatMap((node) => {
    const record = members.get(node.metadata.name);
    return record === undefined ? [] : [{ record, node }];
  });
  return {
    known,
    joined: known
      .filter(({ record, node }) => record.ready === null && isReady(node))
      .map(({ record }) => record),
    strange: nodes
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== own && !members.has(name))
      .toSorted(),
  };
}

/** What a person is told about Nodes that nobody has let in, or null. */
export function strangeNodes(names: readonly string[]): Problem | null {
  if (names.length === 0) return null;
  const [first = ''] = names;
  return {
    problem: `nobody approved ${names.length === 1 ? 'a node' : 'nodes'} of the cluster: ${names.join(', ')}`,
    nextAction: `find out which machine that is; \`kubectl delete node ${first}\` takes it out of the cluster`,
  };
}
