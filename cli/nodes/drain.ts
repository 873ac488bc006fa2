import { DrainSchema, type EnrolledNode, longestDrainSeconds } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { NodesClient } from './client.ts';

export interface Draining {
  reason: string;
  /** How long pods are asked to go. */
  seconds: number;
}

/**
 * Moves the pods off a node, asking the box again until the time is over: each time it asks for those that are left.
 * @returns what was moved, as NAMESPACE/NAME. @throws CpiabError E5308 with what keeps the rest.
 */
export async function drainNode(
  client: NodesClient,
  { id }: EnrolledNode,
  { reason, seconds }: Draining,
): Promise<string[]> {
  const deadline = performance.now() + seconds * 1000;
  const moved: string[] = [];
  for (;;) {
    const left = Math.ceil((deadline - performance.now()) / 1000);
    const body = { reason, seconds: Math.max(1, Math.min(left, longestDrainSeconds)) };
    try {
      const drained = await client.post(`/v1/nodes/${id}/drain`, body, DrainSchema);
      return [...moved, ...drained.moved];
    } catch (error) {
      const isKept = error instanceof CpiabError && error.message.includes('CPIAB-E5510');
      if (!isKept || performance.now() + 1000 > deadline) throw error;
    }
  }
}

export function drainText(name: string, moved: readonly string[]): string {
  const head = `no pod comes to ${name} any more; ${moved.length} moved`;
  return [head, ...moved.map((pod) => `  ${pod}`)].join('\n');
}
