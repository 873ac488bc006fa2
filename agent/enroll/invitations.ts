import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import type { InvitationRequestSchema, JoinRequest } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { formatInvitation } from '../../contract/invitation.ts';
import type { NodeRole } from '../../contract/join-material.ts';
import type { Operator } from '../api/operator.ts';
import { type Desk, timeText } from './desk.ts';
import type { InvitationRecord } from './ledger.ts';

/** Open ones at once. */
const MOST_OPEN = 2000;

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Makes an invitation. Its secret is told once and kept nowhere. @param address of the box, as its nodes reach it. */
export async function invite(
  desk: Desk,
  { ttl, ...bound }: z.output<typeof InvitationRequestSchema>,
  address: string,
  who: Operator,
) {
  const { ledger, audit, clock, fingerprint } = desk;
  expectTaken(desk, bound.role, 'invitation');
  const now = clock.now();
  const open = [...ledger.invitations.values()].filter((one) => isOpen(one, now));
  if (open.length >= MOST_OPEN)
    throw new CpiabError('E5504', { subject: 'invitations', args: [`${MOST_OPEN} are open`] });
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const expires = now + ttl * 1000;
  const detail = `role ${bound.role}, until ${timeText(expires)}${boundText(bound)}`;
  await audit.record({ who, action: 'invite', subject: `invitation ${id}`, outcome: 'done', detail });
  const record = { id, secret: hashOf(secret), ...bound, expires, by: who.name, usedBy: null, void: false };
  await ledger.put({ invitations: [record] });
  const invitation = formatInvitation({ box: address, pin: fingerprint, id, secret });
  return { id, invitation, role: bound.role, expires: timeText(expires) };
}

/** @throws CpiabError E5513 for a control plane where none can join. */
export function expectTaken({ noControlPlane }: Desk, role: NodeRole, subject: string): void {
  const why = role === 'control-plane' ? noControlPlane() : null;
  if (why !== null) throw new CpiabError('E5513', { subject, args: [why] });
}

/** The invitation that a request came with. @throws CpiabError E2501 when it is not good for this request. */
export function usableInvitation(
  { ledger, clock }: Desk,
  { id, secret }: NonNullable<JoinRequest['invitation']>,
  request: JoinRequest,
  key: string,
): InvitationRecord {
  const refused = (why: string) => new CpiabError('E2501', { subject: `invitation ${id}`, args: [why] });
  const record = ledger.invitations.get(id);
  // Unknown and wrong are one answer, in the same time: nobody learns which there are.
  const expected = Buffer.from(record?.secret ?? hashOf(''), 'hex');
  const same = timingSafeEqual(Buffer.from(hashOf(secret), 'hex'), expected);
  if (record === undefined || !same) throw refused('unknown, or its secret is wrong');
  if (record.usedBy !== null) throw refused('used before');
  if (record.void) throw refused('taken back, since the box was restored from a backup');
  if (clock.now() >= record.expires) throw refused(`it ended at ${timeText(record.expires)}`);
  const wrong = mismatch(record, request, key);
  if (wrong !== null) throw refused(`it is for another ${wrong}`);
  return record;
}

/** Takes back what nobody has used. @returns how many. */
export async function voidInvitations({ ledger, clock }: Pick<Desk, 'ledger' | 'clock'>): Promise<number> {
  const now = clock.now();
  const open = [...ledger.invitations.values()].filter((one) => isOpen(one, now));
  if (open.length > 0) await ledger.put({ invitations: open.map((one) => ({ ...one, void: true })) });
  return open.length;
}

const isOpen = (one: InvitationRecord, now: number) => one.usedBy === null && !one.void && one.expires > now;

function mismatch(
  record: InvitationRecord,
  { role, name, inventory }: JoinRequest,
  key: string,
): string | null {
  if (record.role !== role) return 'role';
  if (record.name !== undefined && record.name !== name) return 'name';
  if (record.key !== undefined && record.key !== key) return 'key';
  if (record.machineId !== undefined && record.machineId !== inventory.machineId) return 'machine';
  const { mac } = record;
  if (mac !== undefined && !inventory.macs.some((one) => one.toLowerCase() === mac.toLowerCase()))
    return 'network card';
  return null;
}

function boundText({ name, machineId, mac, key }: Partial<InvitationRecord>): string {
  const parts = Object.entries({ name, machineId, mac, key }).filter(([, value]) => value !== undefined);
  return parts.map(([what, value]) => `, ${what} ${value}`).join('');
}
