import type { KubeObject } from '../kube/client.ts';
import { fullPlaces, sayFull } from '../observe/room.ts';
import type { Look } from './look.ts';
import { fail, notApplicable, type Outcome, pass, passUnless, unknown } from './outcome.ts';
import { runPod, shellImage } from './pod.ts';
import { scratchNamespace } from './scratch.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const CLAIM = 'volume';
const claimPath = `/api/v1/namespaces/${scratchNamespace}/persistentvolumeclaims`;

interface StorageClass {
  metadata: { name: string; annotations?: Record<string, string> };
}

export async function checkRoom({ kube, signal }: Look): Promise<Outcome> {
  const { full, silent } = await fullPlaces(kube, signal);
  if (full.length === 0 && silent.length > 0)
    return unknown(`nothing is known of the disks of ${silent.join(', ')}`);
  return passUnless(full.map(sayFull), 'every disk and volume in use has room');
}

/** One pod writes, another, after it is gone, reads. */
export async function checkVolume(look: Look): Promise<Outcome> {
  const { kube, manifest, signal } = look;
  const classes = await kube.get<{ items: StorageClass[] }>('/apis/storage.k8s.io/v1/storageclasses', signal);
  const chosen = classes.items.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
  if (chosen === undefined) return notApplicable('the cluster has no default StorageClass');
  const image = shellImage(manifest);
  if (image === undefined) return unknown('the bundle has no image of BusyBox to write with');
  await look.scratch();
  await kube.create(claimPath, claim, signal);
  const { name } = chosen.metadata;
  const volume = { claim: CLAIM, mounts: [{ mountPath: '/data' }] };
  const write = ['sh', '-c', 'echo kept > /data/probe && sync'];
  const written = await runPod(look, { name: 'volume-write', image, command: write, volume });
  if (!written.succeeded) return fail(`no pod could write to a volume of ${name}: ${written.said}`);
  await deleteWithClaim(look);
  const read = ['sh', '-c', 'test "$(cat /data/probe)" = kept'];
  const found = await runPod(look, { name: 'volume-read', image, command: read, volume });
  return found.succeeded
    ? pass(`a volume of ${name} kept what a pod wrote, for the next pod`)
    : fail(`a volume of ${name} lost what a pod wrote: ${found.said}`);
}

const claim: KubeObject = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: CLAIM, namespace: scratchNamespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
};

/** Classes may keep volumes whose claim is gone; this one has nothing to keep. */
async function deleteWithClaim({ kube, signal }: Look): Promise<void> {
  const { spec } = await kube.get<{ spec: { volumeName: string } }>(`${claimPath}/${CLAIM}`, signal);
  const patch = { spec: { persistentVolumeReclaimPolicy: 'Delete' } };
  await kube.merge(`/api/v1/persistentvolumes/${spec.volumeName}`, patch, signal);
}
