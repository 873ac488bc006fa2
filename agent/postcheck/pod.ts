import type { KubeObject } from '../kube/client.ts';
import { heldBy, type Pod } from '../observe/holding.ts';
import { until } from '../until.ts';
import type { Look } from './look.ts';
import { scratchNamespace } from './scratch.ts';

export const podsPath = `/api/v1/namespaces/${scratchNamespace}/pods`;

interface PodWork {
  name: string;
  image: string;
  command?: readonly string[];
  /** Name of a claim, which is mounted at `/data`. */
  claim?: string;
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

/** A pod that runs once, with no rights at all. */
function podObject({ name, image, command, claim }: PodWork): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: scratchNamespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        ...{ runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534, fsGroup: 65534 },
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
          volumeMounts: claim === undefined ? [] : [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: claim === undefined ? [] : [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
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
  await scratch();
  await kube.create(podsPath, podObject(work), signal);
  const patience = AbortSignal.timeout(limitMs);
  let pod = await kube.get<Pod>(`${podsPath}/${work.name}`, signal);
  await until(async () => {
    pod = await kube.get<Pod>(`${podsPath}/${work.name}`, signal);
    return patience.aborted || isDone(pod);
  }, signal);
  return pod;
}

const POD_MS = 90_000;

/** Runs a pod to its end, and takes it away. */
export async function runPod(look: Look, work: PodWork): Promise<PodEnd> {
  const ended = ({ status }: Pod) => status.phase === 'Succeeded' || status.phase === 'Failed';
  const pod = await startPod(look, work, ended, POD_MS);
  await look.kube.remove(`${podsPath}/${work.name}`, look.signal);
  const { terminated } = pod.status.containerStatuses?.[0]?.state ?? {};
  const waitsFor = heldBy(pod).map(({ reason }) => reason)[0];
  const said = ended(pod)
    ? terminated?.message?.trim()
    : `did not end within ${POD_MS / 1000} s: ${waitsFor}`;
  return { succeeded: pod.status.phase === 'Succeeded', said: said || waitsFor || 'gave no reason' };
}
