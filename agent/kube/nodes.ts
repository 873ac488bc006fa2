import type { Taint } from '../../contract/node-pools.ts';
import type { KubeClient } from './client.ts';

interface Condition {
  type: string;
  status: string;
  message?: string;
  lastTransitionTime?: string;
}

/** As much of a Node as the agent looks at. */
export interface ClusterNode {
  metadata: { name: string; resourceVersion: string; labels?: Record<string, string> };
  spec: { podCIDR?: string; taints?: Partial<Taint>[]; unschedulable?: boolean };
  status: { conditions?: Condition[]; nodeInfo: { kubeletVersion: string } };
}

export async function listClusterNodes(kube: KubeClient, signal: AbortSignal): Promise<ClusterNode[]> {
  return (await kube.get<{ items: ClusterNode[] }>('/api/v1/nodes', signal)).items;
}

/** What a Node says of its readiness; undefined until it does. */
export const readiness = ({ status }: Pick<ClusterNode, 'status'>) =>
  status.conditions?.find(({ type }) => type === 'Ready');

export const isReady = (node: Pick<ClusterNode, 'status'>) => readiness(node)?.status === 'True';
