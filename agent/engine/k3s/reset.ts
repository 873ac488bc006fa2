import { dirname } from 'node:path';
import { emptyDirectory, tryRun, unmountBelow } from '../leftovers.ts';
import { k3s, k3sUnits, ours } from './layout.ts';

/** Links of its pods' network. Source: docs.k3s.io, "Stopping k3s", what its script takes away. */
const LINKS = ['cni0', 'flannel.1', 'flannel-wg', 'flannel-v6.1'];
const MOUNTS = ['/run/k3s', '/run/netns', '/var/lib/kubelet', k3s.data];
/** The data goes last: it says that there was a cluster. */
const DIRECTORIES = [
  '/run/k3s',
  '/run/flannel',
  '/var/lib/kubelet',
  '/var/lib/cni',
  '/etc/rancher',
  dirname(ours.agentToken),
  k3s.data,
];

/** Ends every pod and takes k3s's state away, as its own scripts to kill and to uninstall do; they are not on a box. */
export async function resetK3s(signal: AbortSignal): Promise<void> {
  for (const unit of Object.values(k3sUnits)) {
    await tryRun(['systemctl', 'stop', unit], signal);
    // Shims outlive it by design.
    await tryRun(['systemctl', 'kill', '--signal=KILL', '--kill-whom=all', unit], signal);
  }
  await tryRun(['systemctl', 'stop', 'kubepods.slice'], signal);
  await unmountBelow(MOUNTS, signal);
  for (const link of LINKS) await tryRun(['ip', 'link', 'delete', link], signal);
  for (const directory of DIRECTORIES) await emptyDirectory(directory);
}
