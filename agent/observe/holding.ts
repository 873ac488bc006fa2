import type { KubeClient } from '../kube/client.ts';

interface ContainerStatus {
  name: string;
  ready: boolean;
  restartCount: number;
  imageID: string;
  state: {
    waiting?: { reason?: string; message?: string };
    terminated?: { reason?: string; message?: string; exitCode: number };
  };
}

/** What the agent reads of a pod. */
export interface Pod {
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    deletionTimestamp?: string;
  };
  spec: { nodeName?: string };
  status: {
    phase: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

interface Claim {
  metadata: { name: string; namespace: string };
  status: { phase: string };
}

/** An object that keeps others from being ready, and why. */
export interface Blocking {
  object: string;
  reason: string;
}

export async function listPods(kube: KubeClient, signal: AbortSignal): Promise<Pod[]> {
  return (await kube.get<{ items: Pod[] }>('/api/v1/pods', signal)).items;
}

/** Pods and volume claims that something waits for. */
export async function holding(
  kube: KubeClient,
  pods: readonly Pod[],
  signal: AbortSignal,
): Promise<Blocking[]> {
  const claims = (await kube.get<{ items: Claim[] }>('/api/v1/persistentvolumeclaims', signal)).items;
  return [
    ...claims
      .filter(({ status }) => status.phase !== 'Bound')
      .map(({ metadata, status }) => ({
        object: `PersistentVolumeClaim/${metadata.namespace}/${metadata.name}`,
        reason: `not bound (${status.phase})`,
      })),
    ...pods.flatMap(heldBy),
  ];
}

/** Empty for a pod that is ready, done or going. */
export function heldBy({ metadata, spec, status }: Pod): Blocking[] {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  if (status.phase === 'Succeeded' || metadata.deletionTimestamp !== undefined || ready?.status === 'True')
    return [];
  const object = `Pod/${metadata.namespace}/${metadata.name}`;
  const unscheduled = status.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  if (unscheduled !== undefined)
    return [{ object, reason: `no node takes it: ${unscheduled.message ?? ''}` }];
  if (spec.nodeName === undefined) return [{ object, reason: 'not scheduled yet' }];
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const reasons = containers.map(containerReason).filter((reason) => reason !== null);
  return [{ object, reason: reasons[0] ?? 'starting' }];
}

function containerReason({ name, ready, state, restartCount }: ContainerStatus): string | null {
  const { waiting, terminated } = state;
  if (terminated !== undefined && terminated.exitCode !== 0) {
    return `container ${name} ended with status ${terminated.exitCode} (${terminated.reason ?? 'Error'})`;
  }
  if (waiting !== undefined && waiting.reason !== 'PodInitializing') {
    return `container ${name}: ${[waiting.reason, waiting.message].filter(Boolean).join(': ')}`;
  }
  if (ready || terminated !== undefined || waiting !== undefined) return null;
  return `container ${name} runs, but is not ready${restartCount > 0 ? ` (${restartCount} restarts)` : ''}`;
}
