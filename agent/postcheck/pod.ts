import type { KubeObject } from '../kube/client.ts';
import { heldBy, type Pod } from '../observe/holding.ts';
import { postcheckLabel } from '../observe/kustomizations.ts';
import { until } from '../until.ts';
import type { Look } from './look.ts';
import { patient } from './patient.ts';
import { scratchNamespace } from './scratch.ts';

export const podsPath = podsIn(scratchNamespace);

function podsIn(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

/** As whom a pod runs. Source: Kubernetes, PodSecurityContext. */
export interface PodUser {
  runAsUser: number;
  runAsGroup?: number;
  fsGroup?: number;
  fsGroupChangePolicy?: string;
  supplementalGroups?: readonly number[];
}

export interface VolumeMount {
  mountPath: string;
  subPath?: string;
}

interface PodWork {
  name: string;
  image: string;
  command?: readonly string[];
  /** Default: `scratchNamespace`. */
  namespace?: string;
  /** Default: nobody. */
  user?: PodUser;
  /** A claim of that namespace. */
  volume?: { claim: string; mounts: readonly VolumeMount[] };
}

/** How a pod ended. */
export interface PodEnd {
  succeeded: boolean;
  /** What its container said last when it failed, or what it waited for when the time was over. */
  said: string;
}

/** BusyBox as the bundle has it, whoever made the image; undefined where it has none. */
export const shellImage = ({ images }: Look['manifest']): string | undefined =>
  Object.keys(images).find((reference) => /\/(?:mirrored-library-)?busybox:[^/]+$/.test(reference));

const NOBODY: PodUser = { runAsUser: 65534, runAsGroup: 65534, fsGroup: 65534 };

/** A pod that runs once, with no rights at all. */
function podObject({ name, image, command, namespace, user = NOBODY, volume }: PodWork): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: namespace ?? scratchNamespace, labels: { [postcheckLabel]: 'true' } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        ...{ runAsNonRoot: user.runAsUser !== 0, ...user },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'main',
          image,
          ...(command === undefined ? {} : { command }),
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePolicy: 'FallbackToLogsOnError',
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
          securityContext: {
            ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: (volume?.mounts ?? []).map((mount) => ({ name: 'data', ...mount })),
        },
      ],
      volumes:
        volume === undefined ? [] : [{ name: 'data', persistentVolumeClaim: { claimName: volume.claim } }],
    },
  };
}

/** Starts a pod and waits until `isDone`. @returns how it was when it was, or when the time was over. */
export async function startPod(
  { kube, scratch, signal }: Look,
  work: PodWork,
  isDone: (pod: Pod) => boolean,
  limitMs: number,
): Promise<Pod> {
  const pods = podsIn(work.namespace ?? scratchNamespace);
  if (pods === podsPath) await scratch();
  await kube.create(pods, podObject(work), signal);
  const patience = AbortSignal.timeout(limitMs);
  let pod = await kube.get<Pod>(`${pods}/${work.name}`, signal);
  await until(async () => {
    pod = await kube.get<Pod>(`${pods}/${work.name}`, signal);
    return patience.aborted || isDone(pod);
  }, signal);
  return pod;
}

const POD_MS = patient(90_000);

/** Runs a pod to its end, and takes it away. */
export async function runPod(look: Look, work: PodWork, limitMs = POD_MS): Promise<PodEnd> {
  const ended = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed';
  const pod = await startPod(look, work, ended, limitMs);
  const waitsFor = ended(pod)
    ? heldBy(pod)[0]?.reason
    : ((await warning(look, pod)) ?? heldBy(pod)[0]?.reason);
  await look.kube.remove(`${podsIn(pod.metadata.namespace)}/${work.name}`, look.signal);
  const { terminated } = pod.status.containerStatuses?.[0]?.state ?? {};
  const said = ended(pod)
    ? terminated?.message?.trim()
    : `did not end within ${limitMs / 1000} s: ${waitsFor}`;
  return { succeeded: pod.status.phase === 'Succeeded', said: said || waitsFor || 'gave no reason' };
}

/** The last thing that went wrong with a pod before it ran. Of a mount, what the program said that mounts. */
async function warning({ kube, signal }: Look, { metadata }: Pod): Promise<string | undefined> {
  const { namespace, name } = metadata;
  const of = encodeURIComponent(`involvedObject.kind=Pod,involvedObject.name=${name},type=Warning`);
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${of}`;
  const { items } = await kube.get<{ items: { message?: string }[] }>(path, signal);
  // Source: Kubernetes, k8s.io/mount-utils, mount_linux.go: the command, then `Output:` and what it printed.
  return items
    .at(-1)
    ?.message?.replace(/^.*\nOutput: /s, '')
    .trim();
}
