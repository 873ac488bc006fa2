import type { Manifest } from '../../../contract/manifest.ts';
import { type BoxSite, parseBoxSite } from '../../../contract/site.ts';
import { machineId } from '../enroll/machine-id.ts';

/** The site of both machines: whoever is invited is let in, and workers belong to a pool. */
export const joinSite: BoxSite = parseBoxSite({
  ...{
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'lab',
    engine: { version: 'v1.36.3', highAvailability: true },
  },
  enroll: { autoApprove: [{ machineIds: [machineId] }] },
  nodes: {
    pools: [
      {
        ...{ name: 'workers', match: { names: ['worker-*'] }, labels: { 'example.org/disk': 'fast' } },
        taints: [{ key: 'example.org/slow', effect: 'NoSchedule' }],
        expand: {
          ...{ progressDeadlineSeconds: 20 },
          moves: [{ namespace: 'payments', selector: { app: 'ledger' } }],
        },
      },
      {
        ...{ name: 'ingest', match: { names: ['ingest-*'] } },
        expand: { surge: 1, moves: [{ namespace: 'payments', selector: { app: 'web' } }] },
      },
    ],
  },
});

const digest = `sha256:${'0'.repeat(64)}` as const;

/** As much of a bundle's manifest as an engine looks at. */
export const joinManifest = {
  images: {
    'registry.k8s.io/etcd:3.6.8-0': digest,
    'registry.k8s.io/coredns/coredns:v1.14.7': digest,
    'cpiab.dev/oci/pause:1': digest,
    'registry.k8s.io/kube-apiserver:v1.36.3': digest,
    'registry.k8s.io/kube-controller-manager:v1.36.3': digest,
    'registry.k8s.io/kube-scheduler:v1.36.3': digest,
  },
  files: {},
} as unknown as Manifest;

export const joinSigned = { digest, key: 'test' };
