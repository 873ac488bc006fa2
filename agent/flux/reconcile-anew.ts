import { readFile } from 'node:fs/promises';
import type { KubeClient } from '../kube/client.ts';
import { objectPath } from '../kube/path.ts';
import { listKustomizations, reconcileRequest } from '../observe/kustomizations.ts';

/** Another after each start of the kernel. Source: random(4). */
export const bootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

/**
 * Has Flux look anew at what it found ready before the box started: pods of then are gone, and what the cluster says of
 * them is as old. Once for each start.
 * @param boot a name for this start.
 */
export async function reconcileAnew(kube: KubeClient, boot: string, signal: AbortSignal): Promise<void> {
  const known = (await listKustomizations(kube, signal)).filter(({ status }) => status !== undefined);
  const earlier = known.filter(({ metadata }) => metadata.annotations?.[reconcileRequest] !== boot);
  const metadata = { annotations: { [reconcileRequest]: boot } };
  await Promise.all(earlier.map((item) => kube.merge(objectPath(item), { metadata }, signal)));
}
