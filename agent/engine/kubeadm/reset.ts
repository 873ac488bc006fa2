import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { box, persisted, units } from '../../../contract/layout.ts';
import { emptyDirectory, tryRun, unmountBelow } from '../leftovers.ts';

/** Whether an engine was begun here: kubeadm writes its first and its last file below this directory. */
export async function hasRemains(kubernetes: string = persisted.kubernetes): Promise<boolean> {
  return existsSync(kubernetes) && (await readdir(kubernetes)).length > 0;
}

/**
 * Ends every container and takes the engine's state away, for a first start that was cut off: half of
 * it can't be gone on with. Git, certificates of the box and volumes stay. Works whether or not
 * anything is running.
 */
export async function reset(signal: AbortSignal): Promise<void> {
  const services = [units.kubeadm, units.kubelet, units.kubeProxy, units.podNetwork, units.balancer];
  await tryRun(['systemctl', 'stop', ...services], signal);
  // Containers are scopes below this slice, and end with it.
  await tryRun(['systemctl', 'stop', 'kubepods.slice'], signal);
  // A shim outlives containerd by design.
  await tryRun(['systemctl', 'kill', '--signal=KILL', '--kill-whom=all', units.containerd], signal);
  await tryRun(['systemctl', 'stop', units.containerd], signal);
  await unmountBelow(['/run/containerd', '/run/netns', persisted.kubelet, persisted.containerd], signal);
  for (const link of ['cni0', 'pods0']) await tryRun(['ip', 'link', 'delete', link], signal);
  await tryRun(['nft', 'delete', 'table', 'inet', 'cpiab-policy'], signal);
  const memory = ['/run/containerd', '/run/cni', '/run/netns', dirname(box.podNetworkStatus)];
  const { kubernetes, ...others } = persisted;
  for (const directory of [...memory, ...Object.values(others)]) await emptyDirectory(directory);
  // What says that there are remains goes last: this may be cut off, too.
  await emptyDirectory(kubernetes);
}
