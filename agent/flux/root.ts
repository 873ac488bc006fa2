import { flux } from '../../contract/layout.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';

/** The Kustomization that everything else in Git hangs on. */
export function rootKustomization(site: string): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: flux.rootName, namespace: flux.namespace },
    spec: {
      path: flux.rootPath(site),
      sourceRef: {
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'ExternalArtifact',
        name: flux.artifactName,
      },
      interval: '10m',
      retryInterval: '5s',
      timeout: '10m',
      prune: true,
      wait: true,
    },
  };
}

export async function applyRoot(kube: KubeClient, site: string, signal: AbortSignal): Promise<void> {
  const root = rootKustomization(site);
  await kube.apply(objectPath(root), root, signal);
}
