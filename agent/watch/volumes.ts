import type { KubeClient } from '../kube/client.ts';
import { fullPlaces, sayFull } from '../observe/room.ts';
import { seldom } from './seldom.ts';
import type { Watch } from './watch.ts';

/** Each kubelet is asked. */
const MOST_AGE_MS = 60_000;

const NEXT =
  'remove what nobody needs from it, such as finished downloads, or give the disk or the share more room; a program that stopped because of it may want a restart';

/** Whether volumes that pods use, on any node, and the disks of nodes have room. */
export function watchVolumes(
  kubeOf: () => Pick<KubeClient, 'get'> | undefined,
  mostAgeMs = MOST_AGE_MS,
): Watch {
  return seldom(mostAgeMs, async (signal) => {
    const kube = kubeOf();
    const [first] = kube === undefined ? [] : (await fullPlaces(kube, signal)).full;
    return first === undefined ? null : { problem: sayFull(first), nextAction: NEXT };
  });
}
