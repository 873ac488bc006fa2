import type { KubeApi } from '../svid/kube-api.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
export const controllerImage = 'ghcr.io/fluxcd/kustomize-controller:v1.9.5';
export const shell = 'cpiab.dev/oci/busybox:1.37.0';

/** Images of the bundle. */
export const images = { [shell]: digest('a'), [controllerImage]: digest('b') };

const running = (id: string) => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: [
    {
      ...{ name: 'main', image: 'img', imageID: `img@${id}`, ready: true, restartCount: 0, started: true },
      state: { running: {} },
    },
  ],
});

/** What a kubelet says of a pod that runs. */
export const ran = {
  controller: running(digest('b')),
  other: running(digest('a')),
  foreign: running(digest('f')),
};

export const waiting = (reason: string) => ({
  ...{ phase: 'Pending', conditions: [{ type: 'Ready', status: 'False' }] },
  containerStatuses: [
    {
      ...{ name: 'main', image: 'img', imageID: '', ready: false, restartCount: 0, started: false },
      state: { waiting: { reason } },
    },
  ],
});

export const nodePath = '/api/v1/nodes/cpiab';
export const dnsPod = '/api/v1/namespaces/kube-system/pods/coredns';
export const controllerPod = '/api/v1/namespaces/flux-system/pods/kustomize-controller-1';

export const nodeStatus = (version: string, ready = 'True') => ({
  conditions: [{ type: 'Ready', status: ready, message: 'kubelet says so' }],
  nodeInfo: { kubeletVersion: version },
});

/** What a kubelet and the cluster's other parts would have made. */
export async function makeObjects({ client }: KubeApi): Promise<void> {
  const main = { name: 'main', image: shell };
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const pod = (name: string, namespace: string, image: string) => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace } },
    spec: {
      ...{
        nodeName: 'cpiab',
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      },
      containers: [{ ...main, image, securityContext }],
    },
  });
  await client.apply(nodePath, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'cpiab' } });
  await client.apply(dnsPod, pod('coredns', 'kube-system', shell));
  await client.apply(controllerPod, pod('kustomize-controller-1', 'flux-system', controllerImage));
  await client.apply('/apis/storage.k8s.io/v1/storageclasses/local-path', {
    ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' },
    metadata: {
      name: 'local-path',
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    ...{ provisioner: 'rancher.io/local-path', volumeBindingMode: 'WaitForFirstConsumer' },
  });
  await client.patchStatus(nodePath, nodeStatus('v1.36.3'));
  await client.patchStatus(dnsPod, ran.other);
  await client.patchStatus(controllerPod, ran.controller);
}
