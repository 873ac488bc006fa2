import type { KubeClient, KubeObject } from '../kube/client.ts';

interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
}

/** What the agent reads of a Kustomization. Source: kustomize.toolkit.fluxcd.io/v1. */
export interface Kustomization extends KubeObject {
  spec: { suspend?: boolean };
  status?: {
    observedGeneration?: number;
    lastAppliedRevision?: string;
    conditions?: Condition[];
  };
}

/** All Kustomizations of the cluster. */
export async function listKustomizations(kube: KubeClient, signal: AbortSignal): Promise<Kustomization[]> {
  const path = '/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations';
  return (await kube.get<{ items: Kustomization[] }>(path, signal)).items;
}

/**
 * Why a Kustomization has not applied a revision, or null when it has: ready, for its present
 * specification, at that revision.
 */
export function notApplied({ metadata, spec, status }: Kustomization, revision: string): string | null {
  if (spec.suspend === true) return 'suspended';
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined || status?.observedGeneration === undefined) return 'Flux has not looked at it yet';
  if (status.observedGeneration !== metadata.generation) return 'changed, not reconciled yet';
  if (ready.status !== 'True') return [ready.reason, ready.message].filter(Boolean).join(': ');
  if (status.lastAppliedRevision !== revision)
    return `still at ${status.lastAppliedRevision ?? 'no revision'}`;
  return null;
}
