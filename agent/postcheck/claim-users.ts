import type { Look } from './look.ts';
import type { PodUser, VolumeMount } from './pod.ts';

/** What writes to a claim. */
export interface ClaimUser {
  /** Such as `Deployment/sonarr`. */
  workload: string;
  /** Null where its manifests leave it to the image. */
  user: PodUser | null;
  /** The claim, as the container has it. */
  mounts: readonly VolumeMount[];
}

export const asWhom = ({ workload, user }: ClaimUser): string =>
  `${workload} as UID ${user?.runAsUser ?? 'of its image'}`;

interface PodSpec {
  securityContext?: Partial<PodUser>;
  containers: {
    securityContext?: Partial<PodUser>;
    volumeMounts?: (VolumeMount & { name: string; readOnly?: boolean })[];
  }[];
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string; readOnly?: boolean } }[];
}

interface Template {
  template: { spec: PodSpec };
}

interface Workload {
  metadata: { name: string };
  spec: Template | { jobTemplate: { spec: Template } };
}

const resources = {
  Deployment: ['apps', 'deployments'],
  StatefulSet: ['apps', 'statefulsets'],
  DaemonSet: ['apps', 'daemonsets'],
  CronJob: ['batch', 'cronjobs'],
} as const;

/** What writes to a claim: containers that mount it, not those that only read. */
export async function usersOf(
  { namespace, claim }: { namespace: string; claim: string },
  { kube, signal }: Look,
): Promise<ClaimUser[]> {
  const all = Object.entries(resources).map(async ([kind, [group, plural]]) => {
    const path = `/apis/${group}/v1/namespaces/${namespace}/${plural}`;
    const { items } = await kube.get<{ items: Workload[] }>(path, signal);
    return items.flatMap(({ metadata, spec }) => {
      const { template } = 'jobTemplate' in spec ? spec.jobTemplate.spec : spec;
      const workload = `${kind}/${metadata.name}`;
      return writersIn(template.spec, claim).map((found) => ({ workload, ...found }));
    });
  });
  return (await Promise.all(all)).flat();
}

function writersIn(
  { securityContext = {}, containers, volumes = [] }: PodSpec,
  claim: string,
): Omit<ClaimUser, 'workload'>[] {
  const names = volumes
    .filter(({ persistentVolumeClaim: own }) => own?.claimName === claim && own.readOnly !== true)
    .map(({ name }) => name);
  return containers.flatMap(({ securityContext: own = {}, volumeMounts = [] }) => {
    const mounts = volumeMounts
      .filter(({ name, readOnly }) => names.includes(name) && readOnly !== true)
      .map(({ mountPath, subPath }) => ({ mountPath, ...(subPath === undefined ? {} : { subPath }) }));
    return mounts.length === 0 ? [] : [{ user: userOf(securityContext, own), mounts }];
  });
}

/** A container's own settings go before those of its pod. Source: Kubernetes, SecurityContext. */
function userOf(ofPod: Partial<PodUser>, own: Partial<PodUser>): PodUser | null {
  const { runAsUser, runAsGroup } = { ...ofPod, ...own };
  if (runAsUser === undefined) return null;
  const { fsGroup, fsGroupChangePolicy, supplementalGroups } = ofPod;
  const all = { runAsUser, runAsGroup, fsGroup, fsGroupChangePolicy, supplementalGroups };
  return JSON.parse(JSON.stringify(all)) as PodUser;
}
