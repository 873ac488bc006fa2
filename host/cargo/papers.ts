import { createHash } from 'node:crypto';
import { type CargoManifest, CargoManifestSchema, type CargoPapers } from '../../contract/cargo.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type PublicKey, verifyBytes } from '../minisign.ts';

/** A manifest whose signature has verified. */
export interface SignedManifest {
  manifest: CargoManifest;
  /** SHA-256 of its text. */
  digest: string;
  /** The key that signed it, as minisign prints it. */
  key: string;
}

/** What a cargo is held against. */
export interface Expected {
  /** Milliseconds since the epoch. */
  now: number;
  /** The box that is to take it; null for any. */
  receiver: { boxId: string; fingerprint: string } | null;
  /** A sequence that was there before; 0 for none. */
  after: number;
}

/** Nothing of the manifest is parsed before its signature verifies. @throws CpiabError E2101, E2114. */
export function readPapers(
  subject: string,
  { manifest: text, signature }: Omit<CargoPapers, 'key'>,
  key: PublicKey,
): SignedManifest {
  const bytes = Buffer.from(text);
  if (!verifyBytes(bytes, signature, key)) throw new CpiabError('E2101', { subject });
  const manifest = parseDocument(CargoManifestSchema, bytes, subject, 'a cargo manifest');
  return { manifest, digest: createHash('sha256').update(bytes).digest('hex'), key: key.name };
}

/** @throws CpiabError E2191 foreign, E2192 stale, E2193 from the future, E2194 expired. */
export function requireCurrent(
  subject: string,
  { created, expires, sequence, receiver }: CargoManifest,
  { now, after, receiver: box }: Expected,
): void {
  const clock = () => new Date(now).toISOString();
  const nameOf = (one: { boxId: string; fingerprint: string }) =>
    `box ${one.boxId} (${one.fingerprint.slice(0, 16)})`;
  if (box !== null && (box.boxId !== receiver.boxId || box.fingerprint !== receiver.fingerprint))
    throw new CpiabError('E2191', { subject, args: [nameOf(receiver), nameOf(box)] });
  if (sequence < after) throw new CpiabError('E2192', { subject, args: [String(sequence), String(after)] });
  if (now < Date.parse(created)) throw new CpiabError('E2193', { subject, args: [created, clock()] });
  if (now >= Date.parse(expires)) throw new CpiabError('E2194', { subject, args: [expires, clock()] });
}
