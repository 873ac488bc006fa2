import type { AuditEvent } from '../../contract/audit-log.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type Desk, stateOf, subjectOf } from './desk.ts';
import type { InvitationRecord, NodeRecord } from './ledger.ts';

type Named = Pick<NodeRecord, 'key' | 'name'>;

/** What has to wait while a machine gets a name: its own record, others by this name, and those that may give way. */
export function turnOf(desk: Desk, named: () => Named): () => readonly string[] {
  return () => {
    const one = named();
    return [one.key, `name ${one.name}`, ...unfinishedOf(desk, one).map(({ key }) => key)];
  };
}

/**
 * Two nodes of one name would be one to the cluster. @param but who gives way.
 * @throws CpiabError E5507.
 */
export function expectFreeName(
  { ledger, reserved, clock }: Desk,
  { name, key }: Named,
  but: readonly NodeRecord[] = [],
): void {
  const taken = (what: string) => new CpiabError('E5507', { subject: name, args: [what] });
  if (reserved.includes(name)) throw taken('this box');
  for (const node of ledger.named(name)) {
    const state = stateOf(node, clock.now());
    const has = state === 'joined' || state === 'approved';
    if (node.key !== key && has && !but.includes(node)) throw taken(node.id);
  }
}

/** Others by this name that are no members yet, also those whose time is over. */
export function unfinishedOf({ ledger }: Desk, { name, key }: Named): NodeRecord[] {
  return ledger
    .named(name)
    .filter((node) => node.key !== key && (node.state === 'pending' || node.state === 'approved'));
}

/**
 * Whose place a machine takes by its invitation. Where the operator made it for this very name, all of them: a join was
 * cut off, and begins anew. By any other invitation somebody could push out whom it is not for: there, only those whose
 * time is over.
 */
export function givingWay(desk: Desk, record: NodeRecord, invitation: InvitationRecord): NodeRecord[] {
  const now = desk.clock.now();
  const isForName = invitation.name === record.name;
  return unfinishedOf(desk, record).filter((older) => isForName || stateOf(older, now) === 'expired');
}

/** What was asked or approved before is good for nothing from then on, and nobody inherits it. @returns the records to keep. */
export async function supersede(
  { audit, clock }: Desk,
  older: readonly NodeRecord[],
  { by, who }: { by: NodeRecord; who: AuditEvent['who'] },
): Promise<NodeRecord[]> {
  const reason = `another machine took its place: node ${by.id}, key ${by.key}`;
  const event = { who, action: 'supersede', outcome: 'done' } as const;
  await Promise.all(
    older.map((node) => {
      const detail = `${stateOf(node, clock.now())}, key ${node.key}: ${reason}`;
      return audit.record({ ...event, subject: subjectOf(node), detail });
    }),
  );
  return older.map((node) => ({ ...node, state: 'superseded', expires: clock.now(), reason }));
}
