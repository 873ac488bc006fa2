import type { KubeClient } from '../kube/client.ts';

const NAME = 'cpiab:node-proxier';

/**
 * Lets kube-proxy of a node use kubelet's certificate, which is the node's own, is renewed by itself and ends with its
 * Node: what it needs of the API is to read Services, EndpointSlices and Nodes. Source: Kubernetes, "Using RBAC
 * authorization", `system:node-proxier`.
 */
export async function letNodesProxy(kube: KubeClient, signal: AbortSignal): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  await kube.apply(
    `/apis/${rbac}/v1/clusterrolebindings/${encodeURIComponent(NAME)}`,
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'system:node-proxier' },
      subjects: [{ apiGroup: rbac, kind: 'Group', name: 'system:nodes' }],
    },
    signal,
  );
}
