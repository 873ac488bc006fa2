import { both, edit, egress, fluxFolder, write } from './bad-commits/bad-commit.ts';

const nas = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: nfs, namespace: flux-system }
spec:
  path: ./cluster/kubernetes/platform/nfs
  postBuild: { substitute: { NAS_SERVER: 192.168.1.20 } }
  sourceRef: { apiVersion: source.toolkit.fluxcd.io/v1, kind: ExternalArtifact, name: site }
  prune: true
  wait: true
  interval: 5m
  timeout: 5m
`;
/** Site lab with the volumes of a NAS. */
export const withNas = both(
  write(`${fluxFolder}/nfs.yaml`, nas),
  edit(`${fluxFolder}/kustomization.yaml`, (text) => `${text}  - nfs.yaml\n`),
  egress('192.168.1.20'),
);
