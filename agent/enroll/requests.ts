import { createHash, randomUUID } from 'node:crypto';
import type { AuditEvent } from '../../contract/audit-log.ts';
import type { JoinDecision, JoinRequest } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { theBox } from '../audit/log.ts';
import { checkRequest, type RequestedKey } from '../pki/request.ts';
import { certified } from './certificate.ts';
import { type Desk, stateOf, subjectOf, timeText } from './desk.ts';
import { expectTaken, usableInvitation } from './invitations.ts';
import type { NodeRecord } from './ledger.ts';
import { expectFreeName, givingWay, supersede, turnOf } from './names.ts';
import type { Uninvited } from './quota.ts';

/** How long a request waits for a person, and an approval for its node. */
export const requestMs = 60 * 60_000;

/** Who asks, as the connection shows it. */
export interface Peer {
  /** SHA-256 of the public key of its client certificate; null without one. */
  key: string | null;
  /** SHA-256 of the certificate. */
  certificate: string | null;
  address: string;
}

/** What came, and its bytes: an approval is about these. */
export interface Submitted {
  request: JoinRequest;
  bytes: Buffer;
  peer: Peer;
}

/**
 * Takes a request to join. One key has one request: asked again, what was said before is said again, and its invitation
 * counts once.
 * @throws CpiabError E2501 to E2504, E5504, E5507, E5513.
 */
export async function submit(desk: Desk, uninvited: Uninvited, submitted: Submitted): Promise<NodeRecord> {
  const { request, peer } = submitted;
  const key = checkRequest(Buffer.from(request.csr, 'base64'));
  if (peer.key !== key.fingerprint)
    throw new CpiabError('E2503', { subject: 'request', args: ['it is not the key of the request'] });
  expectTaken(desk, request.role, `node ${request.name}`);
  const turn = turnOf(desk, () => ({ key: key.fingerprint, name: request.name }));
  return await desk.inTurn.runAbout(turn, async () => {
    const known = knownNode(desk, uninvited, key);
    if (known !== null && !(known.invitation === null && request.invitation !== null)) return known;
    const record = recordOf(desk, submitted, key);
    if (request.invitation !== null) return await takeIn(desk, submitted, record);
    expectFreeName(desk, record);
    uninvited.add(record, desk.clock.now());
    return record;
  });
}

const over: readonly NodeRecord['state'][] = ['expired', 'removed', 'denied', 'superseded'];

/** What this key asked before, unless it is over: a node that has let its certificate end asks anew. */
function knownNode(
  { ledger, clock }: Desk,
  uninvited: Uninvited,
  { fingerprint }: RequestedKey,
): NodeRecord | null {
  const known = ledger.byKey.get(fingerprint) ?? uninvited.byKey(fingerprint) ?? null;
  if (known === null) return null;
  expectNotRevoked(known);
  const state = stateOf(known, clock.now());
  const lapsed = state === 'joined' && known.certificates.every(({ notAfter }) => clock.wall() >= notAfter);
  return lapsed || over.includes(state) ? null : known;
}

export function expectNotRevoked({ revokedAt, name }: NodeRecord): void {
  if (revokedAt !== null)
    throw new CpiabError('E2504', { subject: `node ${name}`, args: [timeText(revokedAt)] });
}

async function takeIn(desk: Desk, { request, peer }: Submitted, pending: NodeRecord): Promise<NodeRecord> {
  const { audit, ledger } = desk;
  const invitation = usableInvitation(
    desk,
    request.invitation ?? { id: '', secret: '' },
    request,
    pending.key,
  );
  const older = givingWay(desk, pending, invitation);
  expectFreeName(desk, pending, older);
  // Before anything is waited for: of two that come together, the second finds it used.
  const used = { ...invitation, usedBy: pending.key };
  ledger.invitations.set(used.id, used);
  try {
    const detail = `key ${pending.key} from ${peer.address}, invitation ${used.id}, request ${pending.request}`;
    const event = { who: theBox, subject: subjectOf(pending), outcome: 'done' } as const;
    const { record, entries } = await autoApproved(desk, pending);
    // In this order, with one wait for the disk.
    const written = [{ ...event, action: 'enroll' as const, detail }, ...entries].map((one) =>
      audit.record(one),
    );
    const [superseded] = await Promise.all([supersede(desk, older, { by: record, who: theBox }), ...written]);
    await ledger.put({ invitations: [used], nodes: [record, ...superseded] });
    return record;
  } catch (error) {
    ledger.invitations.set(invitation.id, invitation);
    throw error;
  }
}

/** What the site approves has its certificate at once. @returns the record, and what the log has to say of it. */
async function autoApproved(
  desk: Desk,
  record: NodeRecord,
): Promise<{ record: NodeRecord; entries: AuditEvent[] }> {
  const machine = record.inventory?.machineId ?? '';
  const rule = desk.policy.autoApprove.findIndex(
    ({ machineIds, keys, roles }) =>
      (machineIds.includes(machine) || keys.includes(record.key)) && roles.includes(record.role),
  );
  if (rule < 0) return { record, entries: [] };
  const reason = `by the site: enroll.autoApprove[${rule}]`;
  const { node, entry } = await certified(desk, { ...record, reason }, `key ${record.key}`, 'issue');
  const approval = { ...entry, action: 'approve', detail: reason } as const;
  return { record: node, entries: [approval, entry] };
}

function recordOf(
  { clock, ledger }: Desk,
  { request, bytes, peer }: Submitted,
  { spki, fingerprint }: RequestedKey,
): NodeRecord {
  const now = clock.now();
  return {
    // One key is one node, also when it comes again.
    id: ledger.byKey.get(fingerprint)?.id ?? randomUUID(),
    name: request.name,
    role: request.role,
    state: 'pending',
    key: fingerprint,
    spki: spki.toString('base64'),
    request: createHash('sha256').update(bytes).digest('hex'),
    address: peer.address,
    invitation: request.invitation?.id ?? null,
    requested: now,
    expires: now + requestMs,
    reason: '',
    inventory: request.inventory,
    certificates: [],
    issued: null,
    nonces: [],
    witnessed: null,
    revokedAt: null,
    joining: null,
    ready: null,
    leaving: false,
    registry: null,
  };
}

/** What the node itself is told about its request. */
export function decisionOf(record: NodeRecord, now: number): JoinDecision {
  const { id, request, expires, reason } = record;
  const head = { apiVersion: 'cpiab.dev/v1', kind: 'JoinDecision' } as const;
  return { ...head, id, state: stateOf(record, now), request, expires: timeText(expires), reason };
}
