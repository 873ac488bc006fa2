import { randomBytes, X509Certificate } from 'node:crypto';
import { GrantSchema, type Renewal } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type JoinMaterial, JoinMaterialSchema } from '../../contract/join-material.ts';
import { askBox } from './box.ts';
import { checkGrant, checkpointOf } from './check-grant.ts';
import type { Member, NodeStore } from './store.ts';

/** A certificate is followed in this part of its life: at a time that differs from node to node, so that not all ask at once. */
const [EARLIEST, LATEST] = [1 / 2, 2 / 3];

/** When a node asks for its next certificate, milliseconds since the epoch. @param random at least 0, less than 1. */
export function renewalDue({ grant }: Member, random: number): number {
  const { validFromDate, validToDate } = new X509Certificate(grant.certificate);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return from + (to - from) * (EARLIEST + (LATEST - EARLIEST) * random);
}

/**
 * Asks for the certificate that follows, and keeps it if the box's log continues the one that was seen before.
 * @throws CpiabError E2506 when it does not; E2507 to E2509, E5004, E5005.
 */
export async function renew(store: NodeStore, wall: () => number, signal: AbortSignal): Promise<Member> {
  const { member, shown } = await store.credential();
  const { key } = await store.key();
  const { box, pin, grant: before } = member;
  const renewal: Renewal = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Renewal',
    nonce: randomBytes(16).toString('hex'),
    since: checkpointOf(before, box).size,
  };
  const question = { method: 'POST', path: '/v1/renew', body: JSON.stringify(renewal) } as const;
  const answer = await askBox(member, shown, question, signal);
  if ('refusal' in answer)
    throw new CpiabError(answer.refusal.startsWith('CPIAB-E2506') ? 'E2506' : 'E2507', {
      subject: box,
      args: [answer.refusal],
    });
  const grant = GrantSchema.parse(answer.document);
  checkGrant(grant, { box, pin, key, before, now: wall() });
  const renewed = { ...member, grant };
  await store.keep(renewed);
  return renewed;
}

/** What this node joins the cluster with; it is a secret, and good for ten minutes. @throws CpiabError E2507, E5004, E5005. */
export async function fetchJoinMaterial(store: NodeStore, signal: AbortSignal): Promise<JoinMaterial> {
  const { member, shown } = await store.credential();
  const answer = await askBox(member, shown, { method: 'POST', path: '/v1/join-material' }, signal);
  if ('refusal' in answer) {
    // It has no cluster now, or still sees this node in it: both pass.
    const passes = answer.refusal.startsWith('CPIAB-E5505');
    throw new CpiabError(passes ? 'E5004' : 'E2507', { subject: member.box, args: [answer.refusal] });
  }
  return JoinMaterialSchema.parse(answer.document);
}
