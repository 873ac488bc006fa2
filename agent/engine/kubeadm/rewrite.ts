import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { persisted } from '../../../contract/layout.ts';
import { writeAtomic } from '../../../host/files.ts';
import { run } from '../../../host/process.ts';
import type { Progress } from '../engine.ts';
import type { Kubeadm } from './command.ts';
import type { HostFiles } from './host-files.ts';

/** Says from which documents the control plane of this node was written. It lies beside what it is about. */
export const markFile = join(persisted.kubernetes, 'cpiab-written-from');

/**
 * What `kubeadm init` writes before its API server is up, and after. A cluster of one server needs no more to
 * change its version: nothing of it runs yet, and the only kubelet comes with the version that the API server
 * gets. So no kubelet is ever newer than its API server. Source: Kubernetes, "Version Skew Policy".
 */
const before = ['etcd local', 'control-plane all', 'kubelet-start'];
const after = ['upload-config all'];

const admin = join(persisted.kubernetes, 'admin.conf');

type Documents = Pick<HostFiles, 'kubeadm' | 'patches'>;

/** Whether the control plane is what this version would write. */
export async function isOwnControlPlane(files: Documents, mark: string = markFile): Promise<boolean> {
  return (await readFile(mark, 'utf8').catch(() => '')) === (await digestOfDocuments(files));
}

/** Remembers that it is. */
export async function keepOwnControlPlane(files: Documents, mark: string = markFile): Promise<void> {
  await writeAtomic(mark, await digestOfDocuments(files));
}

/**
 * Writes the manifests and kubelet's settings of a cluster anew, as this version has them, before its control
 * plane starts. Cut off, it is done again by whichever version starts next.
 */
export async function rewriteControlPlane(
  kubeadm: Kubeadm,
  files: Documents,
  progress: Progress,
  signal: AbortSignal,
  mark: string = markFile,
): Promise<void> {
  await rm(mark, { force: true });
  await runPhases(kubeadm, before, files, progress, signal);
}

/** Brings to the API server, which is up now, what it should know of that, and CoreDNS. */
export async function uploadControlPlane(
  kubeadm: Kubeadm,
  files: Documents,
  signal: AbortSignal,
): Promise<void> {
  await runPhases(kubeadm, after, files, () => {}, signal);
  await applyDns(kubeadm, files, signal);
  await keepOwnControlPlane(files);
}

/**
 * kubeadm itself would look up how to get from the CoreDNS that runs to its own, and stops at one that is newer
 * than it knows. The settings are kubeadm's own in any case: Git is the place for others.
 */
async function applyDns(kubeadm: Kubeadm, files: Documents, signal: AbortSignal): Promise<void> {
  const lines: string[] = [];
  const print = ['init', 'phase', 'addon', 'coredns', '--print-manifest', '--config', files.kubeadm];
  await kubeadm(print, (line) => lines.push(line), signal);
  const said = lines.join('\n');
  // Before them it says which patches it has found, and it ends no line between a mark and what it has patched.
  const manifests = said.slice(said.search(/^---/m)).replaceAll(/^---(?=\S)/gm, '---\n');
  const apply = ['kubectl', '--kubeconfig', admin, 'apply', '--server-side', '--force-conflicts'];
  await run([...apply, '--filename', '-'], { input: manifests, signal });
}

async function runPhases(
  kubeadm: Kubeadm,
  phases: readonly string[],
  files: Documents,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  for (const phase of phases) {
    progress(`writing the control plane anew: ${phase}`);
    await kubeadm(['init', 'phase', ...phase.split(' '), '--config', files.kubeadm], () => {}, signal);
  }
}

/** The version of Kubernetes is in the documents. */
async function digestOfDocuments({ kubeadm, patches }: Documents): Promise<string> {
  const hash = createHash('sha256').update(await readFile(kubeadm));
  for (const name of (await readdir(patches)).toSorted())
    hash.update(`\0${name}\0`).update(await readFile(join(patches, name)));
  return hash.digest('hex');
}
