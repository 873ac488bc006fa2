import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Grant } from '../../contract/enroll.ts';
import { CpiabError } from '../../contract/errors.ts';
import { checkSeal } from '../../host/audit-log.ts';
import { continues } from '../../host/consistency.ts';
import { type Checkpoint, openNote, parseCheckpoint, parseNoteKey } from '../../host/signed-note.ts';

/** How far the clocks of box and node may be apart: certificates are backdated by as much. */
const SKEW_MS = 60_000;

/** What a grant is held against. */
export interface Expected {
  box: string;
  pin: string;
  key: KeyObject;
  /** The last grant, whose log this one must continue; null for the first. */
  before: Grant | null;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Believes nothing of a grant that does not hang on the pinned key or the node's own.
 * @throws CpiabError E2506 for another log, E2508 when one of the clocks is wrong, E2509 for a wrong certificate.
 */
export function checkGrant(grant: Grant, expected: Expected): void {
  const { box, pin, before } = expected;
  const theirs = Date.parse(grant.now);
  if (Math.abs(theirs - expected.now) > SKEW_MS)
    throw new CpiabError('E2508', { subject: box, args: [grant.now, new Date(expected.now).toISOString()] });
  const why = wrongCertificate(grant, expected);
  if (why !== null) throw new CpiabError('E2509', { subject: box, args: [why] });
  if (checkSeal(grant.seal, box) !== pin)
    throw new CpiabError('E2509', { subject: box, args: ['its log is sealed by another key'] });
  if (before !== null) checkWitness(grant, before, box);
  else checkpointOf(grant, box);
}

/** The checkpoint that a grant brought. @throws CpiabError E2506. */
export function checkpointOf({ checkpoint, seal }: Grant, box: string): Checkpoint {
  const text = openNote(checkpoint.note, parseNoteKey(seal.key));
  if (text === null)
    throw new CpiabError('E2506', { subject: box, args: ['its checkpoint is not signed by its seal'] });
  return parseCheckpoint(text);
}

function checkWitness(grant: Grant, before: Grant, box: string): void {
  const [first, second] = [checkpointOf(before, box), checkpointOf(grant, box)];
  const refused = (why: string) => new CpiabError('E2506', { subject: box, args: [why] });
  if (grant.seal.key !== before.seal.key) throw refused('it is sealed by another key than before');
  if (first.origin !== second.origin)
    throw refused(`it is the log of ${second.origin}, not of ${first.origin}`);
  if (second.size < first.size) throw refused(`entries ${second.size} to ${first.size - 1} are missing`);
  const proof = grant.checkpoint.proof.map((hash) => Buffer.from(hash, 'base64'));
  if (!continues(first, second, proof)) throw refused(`one of entries 0 to ${first.size - 1} was changed`);
}

function wrongCertificate(grant: Grant, { key, before, now }: Expected): string | null {
  const [leaf, issuing, root] = [grant.certificate, grant.chain, grant.root].map(
    (pem) => new X509Certificate(pem),
  );
  if (leaf === undefined || issuing === undefined || root === undefined) return 'it is not whole';
  const own = createPublicKey(key);
  const name = `URI:spiffe://${grant.trustDomain}/node/${grant.id}`;
  const checks: [boolean, string][] = [
    [leaf.publicKey.equals(own), 'it is of another key'],
    [leaf.subjectAltName === name, `it names ${leaf.subjectAltName}`],
    [!leaf.ca, 'it is an authority'],
    [
      issuing.ca && leaf.checkIssued(issuing) && leaf.verify(issuing.publicKey),
      'its authority has not signed it',
    ],
    [
      root.ca && issuing.checkIssued(root) && issuing.verify(root.publicKey),
      'its authority is not of the root',
    ],
    [root.verify(root.publicKey), 'the root has not signed itself'],
    [before === null || before.root === grant.root, 'it is of another root than before'],
    [before === null || before.id === grant.id, 'it is of another node than before'],
    [leaf.validFromDate.getTime() <= now && now < leaf.validToDate.getTime(), 'it is not good now'],
  ];
  return checks.find(([good]) => !good)?.[1] ?? null;
}
