import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { box, units } from '../../../contract/layout.ts';
import type { PodNetworkSettings } from '../../../contract/pod-network.ts';
import type { Site } from '../../../contract/site.ts';
import { writeAtomic } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import { type KubeObject, withKube } from '../../kube/client.ts';
import type { KubeAccess } from '../../kube/kubeconfig.ts';
import { objectPath } from '../../kube/path.ts';
import type { Self } from '../engine.ts';

/**
 * Writes the pods' network of this node: a bridge, addresses from this node's part, ports of the host where a pod asks
 * for them. Leases live as long as the pods, that is until the next boot. A kubelet is not ready before it is there.
 * Source: CNI specification 1.0.0.
 * @param subnet this node's part of the pods' network.
 */
export async function writePodNetwork(
  path: string,
  subnet: string,
  { network }: Pick<Site, 'network'>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeAtomic(path, `${JSON.stringify(podNetwork(subnet, network), null, 1)}\n`);
}

function podNetwork(subnet: string, network: Site['network']): object {
  return {
    cniVersion: '1.0.0',
    name: 'cpiab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isDefaultGateway: true,
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: '/run/cni/networks', ranges: [[{ subnet }]] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      // Last: no container starts before its pod's policies are in force.
      ...(network.podNetwork === 'none' ? [] : [{ type: 'pod-network', socket: box.podNetworkSocket }]),
    ],
  };
}

/** Starts what enforces policies and links nodes, where the site wants that. It reads a file that is written here. */
export async function startPodNetwork(
  { network: { podNetwork } }: Pick<Site, 'network'>,
  { name }: Pick<Self, 'name'>,
  signal: AbortSignal,
  path: string = box.podNetwork,
): Promise<void> {
  if (podNetwork === 'none') return;
  const settings: PodNetworkSettings = { node: name, backend: podNetwork };
  await mkdir(dirname(path), { recursive: true });
  await writeAtomic(path, `${JSON.stringify(settings)}\n`);
  // Anew, as it makes the CNI configuration fit that was just written. Its rules stay meanwhile.
  await run(['systemctl', 'restart', units.podNetwork], { signal });
}

const name = 'cpiab:pod-network';
const rbac = 'rbac.authorization.k8s.io';
const watch = ['get', 'list', 'watch'];

/**
 * What the service may read. It has its node's own identity, by which it may also tell the node's key, but of no other
 * node (admission plugin NodeRestriction). Pods can't wait for Flux to give it: Flux's own wait for this service.
 */
export const podNetworkAccess: readonly KubeObject[] = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name },
    rules: [
      { apiGroups: [''], resources: ['pods', 'namespaces', 'nodes'], verbs: watch },
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: watch },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
    subjects: [{ apiGroup: rbac, kind: 'Group', name: 'system:nodes' }],
  },
];

/** Lets the nodes' services read it. */
export async function grantPodNetworkAccess(access: KubeAccess, signal: AbortSignal): Promise<void> {
  await withKube(access, async (kube) => {
    for (const object of podNetworkAccess) await kube.apply(objectPath(object), object, signal);
  });
}
