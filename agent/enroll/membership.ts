import type { Grant, Renewal } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { certified } from './certificate.ts';
import { type Desk, nodeOf, stateOf, subjectOf, timeText } from './desk.ts';
import type { NodeRecord } from './ledger.ts';
import { expectNotRevoked, type Peer } from './requests.ts';

/** Certificates of one node that are good at once: more renewals than that are no node's need. */
const MOST_CERTIFICATES = 6;
const NONCES_KEPT = 32;

/** What an approved node fetches; asked again, it is the same. @throws CpiabError E2503, E2504, E2507, E5502. */
export async function grant(desk: Desk, id: string, peer: Peer): Promise<Grant> {
  const { audit, clock, ledger, inTurn } = desk;
  return await inTurn.run(expectOwn(desk, id, peer).key, async () => {
    const node = expectOwn(desk, id, peer);
    const subject = subjectOf(node);
    const state = stateOf(node, clock.now());
    expectNotRevoked(node);
    if (state === 'expired') throw new CpiabError('E5502', { subject, args: [timeText(node.expires)] });
    if (state !== 'approved' && state !== 'joined')
      throw new CpiabError('E2507', { subject, args: [node.reason || state] });
    if (state === 'joined' && node.issued !== null) return await grantOf(desk, node, 0);
    const joined = await certified(desk, node, `key ${node.key}`, 'issue');
    await audit.record(joined.entry);
    await ledger.put({ nodes: [joined.node] });
    return await grantOf(desk, joined.node, 0);
  });
}

/** The certificate that follows. @throws CpiabError E2503, E2504, E5504, E5506 for a nonce that came before. */
export async function renew(desk: Desk, peer: Peer, { nonce, since }: Renewal): Promise<Grant> {
  // First of all: a box that was rolled back does not know the newest certificate of its nodes either.
  if (since > desk.audit.size)
    throw new CpiabError('E2506', {
      subject: 'this box',
      args: [`entries ${desk.audit.size} to ${since - 1} are missing`],
    });
  const { key } = memberOf(desk, peer);
  return await desk.inTurn.run(key, async () => {
    const node = memberOf(desk, peer);
    const subject = subjectOf(node);
    if (node.nonces.includes(nonce)) throw new CpiabError('E5506', { subject });
    const good = node.certificates.filter(({ notAfter }) => notAfter > desk.clock.wall());
    if (good.length >= MOST_CERTIFICATES)
      throw new CpiabError('E5504', { subject, args: [`${good.length} certificates of it are good`] });
    const nonces = [nonce, ...node.nonces].slice(0, NONCES_KEPT);
    const seen = { ...node, nonces, witnessed: since };
    const renewed = await certified(desk, seen, `witness of ${since} entries`, 'renew');
    await desk.audit.record(renewed.entry);
    await desk.ledger.put({ nodes: [renewed.node] });
    return await grantOf(desk, renewed.node, since);
  });
}

/**
 * The member that a connection is of: by a certificate that this box has given to this very key, and that is good by
 * its clock. What the certificate says about itself counts for nothing.
 */
export function memberOf({ ledger, clock }: Desk, { key, certificate }: Peer): NodeRecord {
  const refused = (why: string) => new CpiabError('E2503', { subject: 'connection', args: [why] });
  if (key === null) throw refused('it has no certificate');
  const node = ledger.byKey.get(key);
  if (node === undefined) throw refused('no node has it');
  expectNotRevoked(node);
  if (node.state !== 'joined') throw refused(`its node is ${stateOf(node, clock.now())}`);
  const own = node.certificates.find(({ fingerprint }) => fingerprint === certificate);
  if (own === undefined) throw refused('this box has not given it this certificate');
  if (clock.wall() >= own.notAfter) throw refused(`its certificate ended at ${timeText(own.notAfter)}`);
  return node;
}

/** The node that a connection is of, by a certificate of this box, if it was one and is none any more. */
export function removedNodeOf({ ledger }: Desk, { key, certificate }: Peer): NodeRecord | null {
  const node = key === null ? undefined : ledger.byKey.get(key);
  const own = node?.certificates.some(({ fingerprint }) => fingerprint === certificate) ?? false;
  return node?.state === 'removed' && own ? node : null;
}

async function grantOf(
  { audit, seal, authority, clock }: Desk,
  node: NodeRecord,
  since: number,
): Promise<Grant> {
  const { id, name, role, issued } = node;
  if (issued === null)
    throw new CpiabError('E5505', { subject: subjectOf(node), args: [node.state, 'given a certificate'] });
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'Grant',
    id,
    name,
    role,
    trustDomain: authority.trustDomain,
    ...issued,
    now: timeText(clock.wall()),
    seal: seal.document,
    checkpoint: await audit.witness(since),
  };
}

/** A request is told about to its own key only. @throws CpiabError E2503. */
export function expectOwn(desk: Desk, id: string, peer: Peer): NodeRecord {
  const node = nodeOf(desk, id);
  if (peer.key !== node.key)
    throw new CpiabError('E2503', { subject: `request ${id}`, args: ['it is of another key'] });
  return node;
}
