import type { Revocation } from '../../contract/enroll.ts';
import { end } from './decisions.ts';
import type { Desk } from './desk.ts';
import { memberOf, removedNodeOf } from './membership.ts';
import type { Peer } from './requests.ts';

/**
 * A node takes itself out: it is removed as by an operator, and may come again. Asked again, the answer is that it was
 * done. Its connections are left to the caller, since one of them waits for this answer.
 * @throws CpiabError E2503, E2504 for who is no member.
 */
export async function leave(desk: Desk, peer: Peer): Promise<Revocation> {
  const removed = removedNodeOf(desk, peer);
  if (removed !== null) {
    const { id, name, leaving } = removed;
    const cluster = leaving ? 'the cluster is told as soon as it can be' : 'it was done before';
    const head = { apiVersion: 'cpiab.dev/v1', kind: 'Revocation' } as const;
    return { ...head, id, name, closedConnections: 0, cluster, stillValid: [] };
  }
  const { id, name } = memberOf(desk, peer);
  const who = { name: `node ${name}`, fingerprint: peer.certificate };
  return await end(desk, { id, who, reason: 'it has left' }, 'removed', () => 0);
}
