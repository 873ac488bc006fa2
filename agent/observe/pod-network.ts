import { readFile } from 'node:fs/promises';
import { type PodNetworkStatus, PodNetworkStatusSchema } from '../../contract/pod-network.ts';

/** What the pods' network says of itself; null when it has not begun. @throws Error for what it does not say so. */
export async function podNetworkStatus(path: string): Promise<PodNetworkStatus | null> {
  try {
    return PodNetworkStatusSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
