import type { KustomizationList } from '../../contract/status.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';

interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
}

/** What the agent reads of a Kustomization. Source: kustomize.toolkit.fluxcd.io/v1. */
export interface Kustomization extends KubeObject {
  spec: { suspend?: boolean; path?: string; decryption?: object };
  status?: {
    observedGeneration?: number;
    lastHandledReconcileAt?: string;
    lastAppliedRevision?: string;
    conditions?: Condition[];
    /** What came of each look; the newest first. */
    history?: { lastReconciledStatus: string }[];
    inventory?: { entries?: { id: string }[] };
  };
}

/** An annotation whose new value has Flux look at an object now. Source: Flux, `flux reconcile`. */
export const reconcileRequest = 'reconcile.fluxcd.io/requestedAt';

/** Of what a post-check makes, which is no part of the site. */
export const postcheckLabel = 'cpiab.dev/postcheck';

/** All Kustomizations of the site. */
export async function listKustomizations(kube: KubeClient, signal: AbortSignal): Promise<Kustomization[]> {
  const path = `/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations?labelSelector=!${postcheckLabel}`;
  return (await kube.get<{ items: Kustomization[] }>(path, signal)).items;
}

/** Its namespace and name. */
export const nameOf = ({ metadata }: Kustomization): string => `${metadata.namespace}/${metadata.name}`;

/** What Flux says of a Kustomization as a whole. */
export const readyOf = ({ status }: Kustomization): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === 'Ready');

const LOCKED = 'its Secrets are encrypted and the box has no key: hand it over with `cpiab secrets unlock`';

/**
 * Why a Kustomization has not applied a revision, or null when it has: ready, for its present
 * specification, at that revision.
 * @param hasKey whether the box has keys that Secrets in Git are encrypted for.
 */
export function notApplied(item: Kustomization, revision: string, hasKey = true): string | null {
  const { spec, status } = item;
  if (spec.suspend === true) return 'suspended';
  const ready = readyOf(item);
  if (!hasKey && spec.decryption !== undefined && ready?.status !== 'True') return LOCKED;
  if (ready === undefined || status?.observedGeneration === undefined) return 'Flux has not looked at it yet';
  const unseen = notSeen(item);
  if (unseen !== null) return unseen;
  if (ready.status !== 'True') return [ready.reason, ready.message].filter(Boolean).join(': ');
  if (status.lastAppliedRevision !== revision)
    return `still at ${status.lastAppliedRevision ?? 'no revision'}`;
  return null;
}

/** Why the status is of an earlier state than what is asked of Flux now. */
function notSeen({ metadata, status }: Kustomization): string | null {
  if (status?.observedGeneration !== metadata.generation) return 'changed, not reconciled yet';
  const asked = metadata.annotations?.[reconcileRequest];
  if (asked !== undefined && asked !== status?.lastHandledReconcileAt) return 'asked for, not reconciled yet';
  return null;
}

/** What Flux keeps in the cluster, as the API tells it. @param revision in Flux's form. */
export function describeKustomizations(
  items: readonly Kustomization[],
  revision: string,
  hasKey = true,
): KustomizationList {
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'KustomizationList',
    kustomizations: items.map((item) => ({
      name: nameOf(item),
      path: item.spec.path ?? './',
      applied: appliedCommit(item),
      blocking: notApplied(item, revision, hasKey),
      objects: (item.status?.inventory?.entries ?? []).map(({ id }) => objectName(id)).toSorted(),
    })),
  };
}

/** The commit in a revision such as `main@sha1:<commit>`; null before the first. */
export const appliedCommit = ({ status }: Kustomization) =>
  status?.lastAppliedRevision?.split('sha1:')[1] ?? null;

/** An inventory's `<namespace>_<name>_<group>_<Kind>`; a colon in a name is written as two underscores. */
function objectName(id: string): string {
  const [, namespace = '', name = '', kind = ''] = /^([^_]*)_(.*)_[^_]*_([^_]+)$/.exec(id) ?? [];
  return [kind, namespace, name.replaceAll('__', ':')].filter((part) => part !== '').join('/');
}
