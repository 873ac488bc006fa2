import { type Revocation, RevocationSchema } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { askBox } from './box.ts';
import type { Member, NodeStore } from './store.ts';

/**
 * Tells the box that this machine is to be its node no longer.
 * @returns what has ended there; null where no box has let this machine in. @throws CpiabError E5516.
 */
export async function tellLeaving(store: NodeStore, signal: AbortSignal): Promise<Revocation | null> {
  const member = await store.member();
  if (member === null) return null;
  return await ask(store, member, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    const why = cause instanceof CpiabError ? cause.message : String(cause);
    throw new CpiabError('E5516', { subject: member.box, args: [member.grant.name, why], cause });
  });
}

async function ask(store: NodeStore, { box }: Member, signal: AbortSignal): Promise<Revocation> {
  const { member, shown } = await store.credential();
  const answer = await askBox(member, shown, { method: 'POST', path: '/v1/leave' }, signal);
  if ('refusal' in answer) throw new CpiabError('E2507', { subject: box, args: [answer.refusal] });
  return RevocationSchema.parse(answer.document);
}
