import { type Membership, MembershipSchema, type Presence } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { askBox } from './box.ts';
import type { NodeStore } from './store.ts';

/**
 * Tells the box where this node is now, and what it serves; asks whether it is still one.
 * @throws CpiabError E2507, E5004, E5005.
 */
export async function tellPresence(
  store: NodeStore,
  signal: AbortSignal,
  registry: Presence['registry'] = null,
): Promise<Membership> {
  const { member, shown } = await store.credential();
  const presence: Presence = { apiVersion: 'cpiab.dev/v1', kind: 'Presence', registry };
  const body = JSON.stringify(presence);
  const answer = await askBox(member, shown, { method: 'POST', path: '/v1/membership', body }, signal);
  if ('refusal' in answer) throw new CpiabError('E2507', { subject: member.box, args: [answer.refusal] });
  return MembershipSchema.parse(answer.document);
}
