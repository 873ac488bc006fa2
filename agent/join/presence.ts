import { type Membership, MembershipSchema } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { askBox } from './box.ts';
import type { NodeStore } from './store.ts';

/** Tells the box where this node is now, and asks whether it is still one. @throws CpiabError E2507, E5004, E5005. */
export async function tellPresence(store: NodeStore, signal: AbortSignal): Promise<Membership> {
  const { member, shown } = await store.credential();
  const answer = await askBox(member, shown, { method: 'POST', path: '/v1/membership' }, signal);
  if ('refusal' in answer) throw new CpiabError('E2507', { subject: member.box, args: [answer.refusal] });
  return MembershipSchema.parse(answer.document);
}
