import type { AuditEvent } from '../../contract/audit-log.ts';
import type { Revocation } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { admitNodes } from './admitted.ts';
import { type Desk, nodeOf, stateOf, subjectOf, timeText } from './desk.ts';
import { leaveCluster } from './leaving.ts';
import type { NodeRecord } from './ledger.ts';
import { supersede, turnOf, unfinishedOf } from './names.ts';
import type { Uninvited } from './quota.ts';
import { requestMs } from './requests.ts';

const DAY_MS = 24 * 3_600_000;
/** What kube-controller-manager signs kubelets' certificates for, unless told (`--cluster-signing-duration`). */
const KUBELET_DAYS = 365;

export interface Decision {
  id: string;
  who: AuditEvent['who'];
  reason: string;
}

/**
 * Lets a node in. @param request SHA-256 of the request that was looked at.
 * @throws CpiabError E5501, E5502 when its time is over, E5503 when it is another request, E5505.
 */
export async function approve(
  desk: Desk,
  uninvited: Uninvited,
  asked: Decision & { request: string },
): Promise<NodeRecord> {
  const { audit, ledger, clock, inTurn } = desk;
  const found = () => uninvited.get(asked.id) ?? nodeOf(desk, asked.id);
  return await inTurn.runAbout(turnOf(desk, found), async () => {
    const node = found();
    const subject = subjectOf(node);
    const state = stateOf(node, clock.now());
    if (state === 'expired') throw new CpiabError('E5502', { subject, args: [timeText(node.expires)] });
    if (state !== 'pending') throw new CpiabError('E5505', { subject, args: [state, 'approved'] });
    if (node.request !== asked.request)
      throw new CpiabError('E5503', { subject, args: [node.request, asked.request] });
    const detail = `request ${node.request}, key ${node.key}${because(asked.reason)}`;
    await audit.record({ who: asked.who, action: 'approve', subject, outcome: 'done', detail });
    const expires = clock.now() + requestMs;
    const approved: NodeRecord = { ...node, state: 'approved', expires, reason: asked.reason };
    const older = await supersede(desk, unfinishedOf(desk, node), { by: approved, who: asked.who });
    await ledger.put({ nodes: [approved, ...older] });
    // It has the name now: who still asks by it is told so.
    for (const { id } of uninvited.named(node.name)) uninvited.delete(id);
    return approved;
  });
}

/** Keeps a node out that has not joined. @throws CpiabError E5501, E5505. */
export async function deny(desk: Desk, uninvited: Uninvited, asked: Decision): Promise<NodeRecord> {
  const found = uninvited.get(asked.id) ?? nodeOf(desk, asked.id);
  return await desk.inTurn.run(found.key, async () => {
    const node = uninvited.get(asked.id) ?? nodeOf(desk, asked.id);
    const state = stateOf(node, desk.clock.now());
    if (state !== 'pending' && state !== 'approved')
      throw new CpiabError('E5505', { subject: subjectOf(node), args: [state, 'denied'] });
    const detail = asked.reason;
    await desk.audit.record({
      who: asked.who,
      action: 'deny',
      subject: subjectOf(node),
      outcome: 'done',
      detail,
    });
    const denied: NodeRecord = { ...node, state: 'denied', reason: asked.reason };
    await desk.ledger.put({ nodes: [denied] });
    uninvited.delete(node.id);
    return denied;
  });
}

/** Shuts a node out: its key counts nowhere on the box any more, from before the answer on. */
export async function revoke(desk: Desk, asked: Decision): Promise<Revocation> {
  return await end(desk, asked, 'revoked');
}

/** Takes a node out that is welcome to come again, with an invitation. */
export async function remove(desk: Desk, asked: Decision): Promise<Revocation> {
  return await end(desk, asked, 'removed');
}

/** @param disconnect ends its connections. @returns what has ended, and what has not. @throws CpiabError E5501, E5505. */
export async function end(
  desk: Desk,
  { id, who, reason }: Decision,
  state: 'revoked' | 'removed',
  disconnect: Desk['disconnect'] = desk.disconnect,
): Promise<Revocation> {
  const { audit, ledger, clock, inTurn } = desk;
  return await inTurn.run(nodeOf(desk, id).key, async () => {
    const node = nodeOf(desk, id);
    const subject = subjectOf(node);
    if (node.state === state || (state === 'revoked' && node.state === 'removed'))
      throw new CpiabError('E5505', { subject, args: [node.state, state] });
    const action = state === 'revoked' ? 'revoke' : 'remove';
    const event = { who, action, subject, detail: `key ${node.key}${because(reason)}` } as const;
    return await audit.around(event, async () => {
      const ended = endedRecord(node, state, reason, clock.now());
      await ledger.put({ nodes: [ended] });
      const closedConnections = disconnect(node.key);
      await admitNodes(desk);
      const cluster = ended.leaving ? await leaveCluster(desk, ended) : 'it was no member';
      const head = { apiVersion: 'cpiab.dev/v1', kind: 'Revocation', id, name: node.name } as const;
      return { ...head, closedConnections, cluster, stillValid: stillValid(node, ended.expires) };
    });
  });
}

function endedRecord(
  node: NodeRecord,
  state: 'revoked' | 'removed',
  reason: string,
  now: number,
): NodeRecord {
  const forgotten = { issued: null, joining: null, ready: null, registry: null };
  const revokedAt = state === 'revoked' ? now : node.revokedAt;
  const leaving = node.state === 'joined' || node.leaving;
  return { ...node, ...forgotten, state, reason, revokedAt, expires: now, leaving };
}

/** What a signature alone still makes good, since nobody else asks this box. */
function stillValid(
  { certificates, requested, role, joining }: NodeRecord,
  now: number,
): Revocation['stillValid'] {
  const own = certificates.filter(({ notAfter }) => notAfter > now);
  const nodes = own.map(({ serial, notAfter }) => ({
    what: `certificate ${serial} of CPiaB`,
    until: timeText(notAfter),
    acceptedBy: 'no endpoint of this box; who verifies only its chain, such as another node',
  }));
  if (certificates.length === 0) return [];
  const kubelet = {
    what: 'client certificate of its kubelet, if it has one',
    until: timeText(Math.max(requested, now) + KUBELET_DAYS * DAY_MS),
    acceptedBy:
      "the cluster's API server, which knows no revocation; at most until then. Its Node is gone, so it may do little",
  };
  return [
    ...nodes,
    kubelet,
    ...(role === 'control-plane' && joining !== null ? [authorities(requested)] : []),
  ];
}

/** Source: kubeadm, "Certificate Management with kubeadm": authorities are good for ten years. */
const authorities = (requested: number) => ({
  what: "the keys of the cluster's authorities, which it had as a control plane",
  until: timeText(requested + 10 * KUBELET_DAYS * DAY_MS),
  acceptedBy:
    'API servers and etcd of this cluster, whatever name it gives itself; only a new cluster ends that',
});

const because = (reason: string) => (reason === '' ? '' : `: ${reason}`);
