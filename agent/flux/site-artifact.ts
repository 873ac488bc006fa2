import { flux } from '../../contract/layout.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';

/** A published revision. Source: ExternalArtifact of source.toolkit.fluxcd.io/v1, `status.artifact`. */
export interface Artifact {
  /** Name below the artifact server. */
  path: string;
  url: string;
  /** `<branch>@sha1:<commit>`. */
  revision: string;
  digest: string;
  /** Bytes. */
  size: number;
  /** RFC 3339. */
  lastUpdateTime: string;
}

const siteArtifact: KubeObject = {
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'ExternalArtifact',
  metadata: { name: flux.artifactName, namespace: flux.namespace },
  spec: {
    sourceRef: { apiVersion: 'cpiab.dev/v1', kind: 'Box', name: 'box', namespace: flux.namespace },
  },
};

/** Makes the object that stands for the box's Git repository. */
export async function applySiteArtifact(kube: KubeClient, signal: AbortSignal): Promise<void> {
  await kube.apply(objectPath(siteArtifact), siteArtifact, signal);
}

/** Points it to a revision; Flux watches it and reconciles at once. */
export async function setRevision(kube: KubeClient, artifact: Artifact, signal: AbortSignal): Promise<void> {
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Published',
    message: `stored artifact for ${artifact.revision}`,
    lastTransitionTime: artifact.lastUpdateTime,
  };
  await kube.patchStatus(objectPath(siteArtifact), { artifact, conditions: [ready] }, signal);
}
