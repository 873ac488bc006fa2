import { formatBytes } from '../../contract/units.ts';
import type { KubeClient } from '../kube/client.ts';
import { type ClusterNode, isReady } from '../kube/nodes.ts';

interface Room {
  availableBytes?: number;
  capacityBytes?: number;
}

/** As much of a kubelet's `/stats/summary` as is looked at. Source: Kubernetes, k8s.io/kubelet, stats/v1alpha1. */
interface Summary {
  node: { fs?: Room };
  pods?: { volume?: ({ pvcRef?: { namespace: string; name: string } } & Room)[] }[];
}

/** A file system with too little room. */
export interface FullPlace {
  /** The node that has it. */
  node: string;
  /** The claims on it, `namespace/name`; none when it is the node's own. */
  claims: string[];
  free: number;
  total: number;
}

type Kube = Pick<KubeClient, 'get'>;

/** A tenth, as kubelets hold it with their own disk; of a large one less is enough. */
const LOW = 0.1;
const ENOUGH = 1 << 30;
/** For a kubelet to answer. */
const SUMMARY_MS = 10_000;
/** So many claims are named. */
const NAMED = 4;

export interface Rooms {
  full: FullPlace[];
  /** Nodes whose kubelet could not be asked. */
  silent: string[];
}

/** File systems of nodes and of volumes in use that are nearly full, by what each kubelet sees. */
export async function fullPlaces(kube: Kube, signal: AbortSignal): Promise<Rooms> {
  const { items } = await kube.get<{ items: ClusterNode[] }>('/api/v1/nodes', signal);
  const asked = items.map(async (node): Promise<Rooms> => {
    const { name } = node.metadata;
    const summary = isReady(node) ? await summaryOf(name, kube, signal) : null;
    return summary === null ? { full: [], silent: [name] } : { full: fullOn(name, summary), silent: [] };
  });
  const all = await Promise.all(asked);
  return { full: all.flatMap(({ full }) => full), silent: all.flatMap(({ silent }) => silent) };
}

async function summaryOf(node: string, kube: Kube, signal: AbortSignal): Promise<Summary | null> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(SUMMARY_MS)]);
  const path = `/api/v1/nodes/${node}/proxy/stats/summary`;
  const summary = await kube.get<Summary>(path, limited).catch(() => null);
  signal.throwIfAborted();
  return summary;
}

function fullOn(node: string, summary: Summary): FullPlace[] {
  const volumes = (summary.pods ?? []).flatMap(({ volume = [] }) =>
    volume.flatMap(({ pvcRef, ...room }) =>
      pvcRef === undefined ? [] : [{ claim: `${pvcRef.namespace}/${pvcRef.name}`, ...room }],
    ),
  );
  const places = [{ claim: null, ...summary.node.fs }, ...volumes].filter(isFull);
  // Volumes of one size are directories of one file system, such as that of the node.
  return [...Map.groupBy(places, ({ capacityBytes }) => capacityBytes)].map(([total, all]) => ({
    node,
    claims: [...new Set(all.flatMap(({ claim }) => claim ?? []))].toSorted(),
    free: Math.min(...all.map(({ availableBytes }) => availableBytes)),
    total,
  }));
}

function isFull<Each extends Room>(place: Each): place is Each & Required<Room> {
  const { availableBytes: free, capacityBytes: total } = place;
  return free !== undefined && total !== undefined && free < Math.min(LOW * total, ENOUGH);
}

export function sayFull({ node, claims, free, total }: FullPlace): string {
  const more = claims.length - NAMED;
  const names = [...claims.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const what = claims.length === 0 ? 'the disk' : `the file system of ${names}`;
  return `${what} on node ${node} is nearly full: ${formatBytes(free)} of ${formatBytes(total)} are free`;
}
