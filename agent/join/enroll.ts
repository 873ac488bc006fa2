import { randomBytes, X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Grant,
  GrantSchema,
  type JoinDecision,
  JoinDecisionSchema,
  type JoinRequest,
  type NodeInventory,
} from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Invitation } from '../../contract/invitation.ts';
import type { NodeRole } from '../../contract/join-material.ts';
import { makeRequest } from '../pki/request.ts';
import { askBox } from './box.ts';
import { checkGrant } from './check-grant.ts';
import type { Asked, Member, NodeStore, Shown } from './store.ts';

const POLL_MS = 2000;

/** Which box, and by what right. */
export type Inviting = Omit<Invitation, 'id' | 'secret'> & Partial<Pick<Invitation, 'id' | 'secret'>>;

export interface Applicant {
  name: string;
  role: NodeRole;
  inventory: NodeInventory;
}

export interface EnrollOptions {
  /** Told while the box has not decided: the fingerprint of this machine's key, and what it asks. */
  waiting: (decision: JoinDecision, key: string) => void;
  wall: () => number;
  pollMs?: number;
  signal: AbortSignal;
}

/**
 * Makes this machine a node of a box, as far as the box knows it: asks, waits for the decision, keeps the certificate.
 * May be cut off at any point and begun again. @throws CpiabError E1503, E2507 to E2509, E5004, E5005.
 */
export async function enroll(
  store: NodeStore,
  inviting: Inviting,
  applicant: Applicant,
  options: EnrollOptions,
): Promise<Member> {
  const member = await store.member();
  const before = member ?? (await store.asked());
  if (before !== null && before.pin !== inviting.pin)
    throw new CpiabError('E1503', { subject: store.directory, args: [before.box] });
  if (member !== null && Date.parse(endOf(member)) > options.wall()) return member;
  const { pem, key, fingerprint } = await store.key();
  const { mintPossession } = await import('../pki/mint.ts');
  const shown = { key: pem, cert: await mintPossession(pem) };
  const asked = await ownRequest(store, inviting, applicant, makeRequest(key));
  const grant = await granted(asked, shown, fingerprint, options);
  checkGrant(grant, { ...inviting, key, before: null, now: options.wall() });
  const joined = { box: asked.box, pin: asked.pin, grant };
  await store.keep(joined);
  return joined;
}

/** Asks until the box has decided. */
async function granted(asked: Asked, shown: Shown, key: string, options: EnrollOptions): Promise<Grant> {
  const { pollMs = POLL_MS, signal } = options;
  let known = await apply(asked, shown, key, options);
  while (known.kind !== 'Grant') {
    const answer = await askBox(asked, shown, { method: 'GET', path: `/v1/enroll/${known.id}` }, signal);
    if ('document' in answer && answer.status === 200) return GrantSchema.parse(answer.document);
    // Who was not invited is forgotten when the box's agent starts again.
    if (answer.status === 404) known = await apply(asked, shown, key, options);
    else if ('refusal' in answer) throw refused(asked, answer.refusal);
    await sleep(pollMs, undefined, { signal });
  }
  return known;
}

/** Sends the request. @returns what the box has decided by now. */
async function apply(
  asked: Asked,
  shown: Shown,
  key: string,
  { waiting, signal }: EnrollOptions,
): Promise<JoinDecision | Grant> {
  const answer = await askBox(asked, shown, { method: 'POST', path: '/v1/enroll', body: asked.body }, signal);
  if ('refusal' in answer) throw refused(asked, answer.refusal);
  if (answer.status === 200) return GrantSchema.parse(answer.document);
  const decision = JoinDecisionSchema.parse(answer.document);
  if (decision.state === 'pending') waiting(decision, key);
  return decision;
}

/** The request as it was sent before, or a new one where another invitation is given. */
async function ownRequest(
  store: NodeStore,
  inviting: Inviting,
  applicant: Applicant,
  csr: Buffer,
): Promise<Asked> {
  const { box, pin, id, secret } = inviting;
  const invitation = id === undefined || secret === undefined ? null : { id, secret };
  const known = await store.asked();
  const before = known === null ? null : (JSON.parse(known.body) as JoinRequest);
  if (known !== null && before?.invitation?.id === invitation?.id) return { ...known, box };
  const request: JoinRequest = {
    apiVersion: 'cpiab.dev/v1',
    kind: 'JoinRequest',
    ...applicant,
    nonce: randomBytes(16).toString('hex'),
    invitation,
    csr: csr.toString('base64'),
  };
  const asked = { box, pin, body: JSON.stringify(request) };
  await store.ask(asked);
  return asked;
}

const refused = ({ box }: Asked, why: string) => new CpiabError('E2507', { subject: box, args: [why] });

const endOf = ({ grant }: Member) => new X509Certificate(grant.certificate).validTo;
