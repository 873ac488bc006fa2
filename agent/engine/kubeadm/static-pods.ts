import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { persisted } from '../../../contract/layout.ts';

/** Where kubeadm writes the control plane's manifests. */
export const manifestDirectory = join(persisted.kubernetes, 'manifests');
/** What the API server needs, and itself. */
const FIRST = ['etcd.yaml', 'kube-apiserver.yaml'];
/** kubeadm writes it last: when it is there, so are all certificates and kubeconfigs. */
export const lastManifest = join(manifestDirectory, 'kube-scheduler.yaml');

/** What kubelet is to run: the API server before its clients, or everything. */
export type Stage = 'api-server' | 'all';

/**
 * Shows kubelet static pods in two stages. Controllers that find no API server end after ten seconds
 * and are held back for longer each time, and meanwhile take from it the time it needs to start. So
 * kubelet looks into a directory in memory that has links to kubeadm's manifests, first to some, then to all.
 * @param staged directory that kubelet's `staticPodPath` names.
 */
export async function stageStaticPods(
  stage: Stage,
  staged: string,
  manifests: string = manifestDirectory,
): Promise<void> {
  await mkdir(staged, { recursive: true });
  const names = stage === 'all' ? await readdir(manifests) : FIRST;
  for (const name of names.filter((file) => file.endsWith('.yaml'))) {
    await symlink(join(manifests, name), join(staged, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Takes all of them away. A kubelet that runs ends their pods, and goes on watching the directory. */
export async function unstageStaticPods(staged: string): Promise<void> {
  await mkdir(staged, { recursive: true });
  for (const name of await readdir(staged)) await rm(join(staged, name), { force: true });
}
