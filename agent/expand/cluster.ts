import { type PoolMove, poolLabel } from '../../contract/node-pools.ts';
import { type KubeClient, KubeError } from '../kube/client.ts';
import { isReady, listClusterNodes } from '../kube/nodes.ts';
import type { Term } from './node-selector.ts';
import { nameOf, type Place, type Pod, type Volumes } from './pods.ts';

/** A node of the cluster. */
export interface FoundNode extends Place {
  ready: boolean;
  /** Whether new pods may come. */
  open: boolean;
}

/** What is read of a cluster at once. */
export interface ClusterView {
  nodes: readonly FoundNode[];
  /** Pods that each move is about, those that have ended left out. */
  pods: ReadonlyMap<PoolMove, readonly Pod[]>;
  volumes: Volumes;
}

export const nodesOf = ({ nodes }: Pick<ClusterView, 'nodes'>, pool: string) =>
  nodes.filter(({ labels }) => labels[poolLabel] === pool);

/** Reads what moves of pools hang on. */
export async function readCluster(
  kube: KubeClient,
  moves: readonly PoolMove[],
  signal: AbortSignal,
): Promise<ClusterView> {
  const nodes = (await listClusterNodes(kube, signal)).map((node) => ({
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    // Kubernetes' own come and go with the node's condition, which is asked besides.
    taints: (node.spec.taints ?? []).filter(({ key = '' }) => !key.startsWith('node.kubernetes.io/')),
    ready: isReady(node),
    open: node.spec.unschedulable !== true,
  }));
  const lists = await Promise.all(
    moves.map(async (move) => [move, await listPods(kube, move, signal)] as const),
  );
  const pods = new Map(lists);
  return { nodes, pods, volumes: await readVolumes(kube, [...pods.values()].flat(), signal) };
}

async function listPods(kube: KubeClient, move: PoolMove, signal: AbortSignal): Promise<Pod[]> {
  const labels = Object.entries(move.selector).map(([key, value]) => `${key}=${value}`);
  const path = `/api/v1/namespaces/${move.namespace}/pods`;
  const query = new URLSearchParams({ labelSelector: labels.join() });
  const { items } = await kube.get<{ items: Pod[] }>(`${path}?${query}`, signal);
  return items
    .filter(({ status }) => status.phase !== 'Succeeded' && status.phase !== 'Failed')
    .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

interface Claim {
  metadata: { name: string };
  spec: { volumeName?: string };
}
interface Volume {
  metadata: { name: string };
  spec: { nodeAffinity?: { required?: { nodeSelectorTerms: Term[] } } };
}

async function readVolumes(kube: KubeClient, pods: readonly Pod[], signal: AbortSignal): Promise<Volumes> {
  const claiming = pods.filter(({ spec }) =>
    spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined),
  );
  if (claiming.length === 0) return new Map();
  const list = async <T>(path: string) => (await kube.get<{ items: T[] }>(path, signal)).items;
  const volumes = new Map(
    (await list<Volume>('/api/v1/persistentvolumes')).map(({ metadata, spec }) => [
      metadata.name,
      spec.nodeAffinity?.required?.nodeSelectorTerms ?? null,
    ]),
  );
  const namespaces = [...new Set(claiming.map(({ metadata }) => metadata.namespace))];
  const bound = namespaces.map(async (namespace) => {
    const claims = await list<Claim>(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`);
    return claims.map(
      ({ metadata, spec }) =>
        [`${namespace}/${metadata.name}`, volumes.get(spec.volumeName ?? '') ?? null] as const,
    );
  });
  return new Map((await Promise.all(bound)).flat());
}

/**
 * Asks a pod to go, by the Eviction API. Source: Kubernetes, "API-initiated Eviction".
 * @returns why it may not go now; null when it goes or is gone.
 */
export async function evict(
  kube: KubeClient,
  { namespace, name, uid }: { namespace: string; name: string; uid: string },
  signal: AbortSignal,
): Promise<string | null> {
  const eviction = {
    ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } },
    // Another pod of this name, such as a StatefulSet's next, is not the one that was meant.
    deleteOptions: { preconditions: { uid } },
  };
  try {
    await kube.post(`/api/v1/namespaces/${namespace}/pods/${name}/eviction`, eviction, signal);
    return null;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.status === 404 || error.status === 409) return null;
    // 500 where two budgets are about one pod: the API refuses that.
    if (error.status === 429 || error.status === 500) return error.why;
    throw error;
  }
}
