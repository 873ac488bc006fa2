import { RevocationSchema } from '../../contract/enroll.ts';
import type { CliContext } from '../context.ts';
import { NodesClient } from './client.ts';
import { drainNode, drainText } from './drain.ts';
import { revocationText } from './table.ts';

export interface Ending {
  named: string;
  box: string | undefined;
  reason: string;
  what: 'revoke' | 'remove';
  /** How long its pods are asked to go first; null to leave them. */
  seconds: number | null;
}

/** Ends a node's membership, and prints what is left of it. */
export async function endNode(
  { signal, print, note }: CliContext,
  { named, box, reason, what, seconds }: Ending,
): Promise<void> {
  const client = await NodesClient.of(box, `cpiab ${what}`, signal);
  const node = await client.find(named);
  const { id, cluster } = node;
  const runsPods = cluster === 'ready' || cluster === 'notReady';
  if (seconds !== null && runsPods) {
    const moved = await drainNode(client, node, { reason, seconds });
    note(drainText(node.name, moved));
  }
  const ended = await client.post(`/v1/nodes/${id}/${what}`, { reason }, RevocationSchema);
  print(ended, revocationText(ended, `${what}d`));
}
