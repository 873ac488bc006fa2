import { createHash } from 'node:crypto';
import type { EnrolledNode } from '../../contract/enroll.ts';
import type { ExpandingPool, ExpansionPlan, PlannedMove, PlannedPool } from '../../contract/expand.ts';
import type { Host, Inventory } from '../../contract/inventory.ts';
import type { NodePool, PoolMove } from '../../contract/node-pools.ts';
import { plainAddress } from '../api/client-address.ts';
import { declaredOf, poolOf } from '../enroll/pool.ts';
import { matches } from '../glob.ts';
import { type ClusterView, nodesOf } from './cluster.ts';
import type { Place, Pod } from './pods.ts';
import { type Target, whyStays } from './stays.ts';

/** What a plan is made of. */
export interface PlanFacts {
  /** All that the site says, in its order: the first that fits a machine is its pool. */
  pools: readonly NodePool[];
  /** Machines that ask, and nodes. */
  machines: readonly EnrolledNode[];
  cluster: ClusterView;
  /** Undefined where the site wants none. */
  inventory: Inventory | undefined;
}

export const isExpanding = (pool: NodePool): pool is ExpandingPool => pool.expand !== undefined;

/** What the box proposes for some pools. Pure: the same facts give the same digest. */
export function planOf(pools: readonly ExpandingPool[], facts: PlanFacts): ExpansionPlan {
  const planned = pools.map((pool) => plannedPool(pool, facts));
  return {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'ExpansionPlan' },
    digest: digestOf(pools, planned),
    pools: planned,
    discovered: discovered(pools, facts),
  };
}

/** Over what is decided, and nothing else: pods come and go while somebody reads. */
function digestOf(pools: readonly ExpandingPool[], planned: readonly PlannedPool[]): string {
  const decided = pools.map(({ name, labels, taints, expand }, index) => ({
    ...{ name, labels: sorted(labels), taints },
    limits: [expand.surge, expand.progressDeadlineSeconds],
    moves: expand.moves.map((move) => [move.namespace, sorted(move.selector), move.maxUnavailable]),
    machines: planned[index]?.machines.map((machine) => [machine.name, machine.key, machine.request]),
  }));
  return createHash('sha256').update(JSON.stringify(decided)).digest('hex');
}

const sorted = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));

function plannedPool(pool: ExpandingPool, facts: PlanFacts): PlannedPool {
  const { surge, progressDeadlineSeconds, moves } = pool.expand;
  const { cluster } = facts;
  const nodes = nodesOf(cluster, pool.name);
  const { machines, leftOut } = machinesFor(pool, facts);
  const joining = machines.map(({ name }) => placeOf(name, pool));
  const target = { pool: pool.name, places: [...nodes, ...joining], volumes: cluster.volumes };
  return {
    ...{ name: pool.name, surge, progressDeadlineSeconds, machines, leftOut },
    nodes: nodes.map(({ name, ready }) => ({ name, ready })),
    moves: moves.map((move) => plannedMove(move, cluster.pods.get(move) ?? [], nodes, target)),
  };
}

/** Those of a pool that wait for a person: in the plan, and left to a decision of their own. */
function machinesFor(
  pool: ExpandingPool,
  { pools, machines }: PlanFacts,
): Pick<PlannedPool, 'machines' | 'leftOut'> {
  const asking = machines
    .filter((node) => node.state === 'pending' && poolOf(pools, node) === pool)
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }) || (a.key < b.key ? -1 : 1))
    .map((node) => ({ node, why: whyLeftOut(node, machines) }));
  return {
    machines: asking.filter(({ why }) => why === null).map(({ node }) => plannedMachine(node)),
    leftOut: asking.flatMap(({ node: { name, key }, why }) => (why === null ? [] : [{ name, key, why }])),
  };
}

function whyLeftOut({ name, key, role }: EnrolledNode, machines: readonly EnrolledNode[]): string | null {
  if (role !== 'agent') return 'it asks as a control plane, which is never part of a plan';
  const others = machines.filter((other) => other.name === name && other.key !== key);
  const isTaken = others.some(({ state }) => ['pending', 'approved', 'joined'].includes(state));
  return isTaken ? 'another machine has its name, or asks by it' : null;
}

const plannedMachine = ({ name, key, request, address, invited, expires, inventory }: EnrolledNode) => ({
  ...{ name, key, request, address, invited, inventory },
  expires: expires ?? '',
});

/** What a machine will be to the scheduler. Boxes and their nodes are x86-64. */
function placeOf(name: string, pool: ExpandingPool): Place {
  const { labels, taints } = declaredOf(pool);
  const own = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
  };
  return { name, labels: { ...own, ...labels }, taints };
}

function plannedMove(
  move: PoolMove,
  pods: readonly Pod[],
  nodes: readonly Place[],
  target: Target,
): PlannedMove {
  const inPool = new Set(nodes.map(({ name }) => name));
  const elsewhere = pods
    .filter(({ spec }) => !inPool.has(spec.nodeName ?? ''))
    .map((pod) => ({
      name: pod.metadata.name,
      node: pod.spec.nodeName ?? '',
      why: pod.spec.nodeName === undefined ? 'no node has taken it yet' : whyStays(pod, target),
    }));
  return {
    ...move,
    pods: elsewhere.filter(({ why }) => why === null).map(({ name, node }) => ({ name, node })),
    stays: elsewhere.flatMap(({ name, node, why }) => (why === null ? [] : [{ name, node, why }])),
    there: pods.length - elsewhere.length,
  };
}

/** Hosts that the site's rules propose as nodes and that nothing of enrolment knows. A hint, so nothing hangs on it. */
function discovered(
  pools: readonly ExpandingPool[],
  { machines, inventory }: PlanFacts,
): ExpansionPlan['discovered'] {
  const hosts = new Map(inventory?.hosts.map((host) => [host.id, host]));
  const known = new Set(machines.flatMap(tracesOf));
  return (inventory?.proposals ?? []).flatMap(({ propose, host: id, target: address, rule }) => {
    const host = hosts.get(id);
    const hasAsked = host === undefined || [host.mac ?? '', ...host.addresses].some((one) => known.has(one));
    if (propose !== 'join' || hasAsked) return [];
    return [{ address, names: host.names, rule, pool: pools.find((pool) => fits(pool, host))?.name ?? null }];
  });
}

/** What a machine is found by on the network. */
const tracesOf = ({ address, inventory }: EnrolledNode) => [
  plainAddress(address),
  ...(inventory?.macs.map((mac) => mac.toLowerCase()) ?? []),
  ...(inventory?.addresses ?? []),
];

const fits = ({ match }: NodePool, { names }: Host) =>
  match.names.some((pattern) => names.some((name) => matches(pattern, name.replace(/\.local\.?$/, ''))));
