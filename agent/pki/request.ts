import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { CpiabError } from '../../contract/errors.ts';
import { elements, encode, only, tags } from './der.ts';
import { subjectText } from './subject.ts';

/** DER of SubjectPublicKeyInfo of a named P-256 curve up to the 65 bytes of an uncompressed point (RFC 5480 section 2). */
const P256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const SPKI_BYTES = P256.length + 65;
/** ecdsa-with-SHA256 without parameters (RFC 5758 section 3.2). */
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
const VERSION_1 = Buffer.from('020100', 'hex');
const EMPTY = Buffer.from('3000', 'hex');
/** One that asks for nothing but a certificate of its key has some 200 bytes. */
const LARGEST = 4096;

/** A key that whoever asked has shown to hold. */
export interface RequestedKey {
  /** DER of SubjectPublicKeyInfo. */
  spki: Buffer;
  /** SHA-256 of it, 64 hexadecimal digits. */
  fingerprint: string;
}

/**
 * Reads a certification request (RFC 2986) that names nothing: whom a certificate is for, and what it is good for,
 * stands in the box's own record. So one that asks for a name, for CA:TRUE or for any other extension is refused.
 * @param der of it. @param named the one subject that it may have, DER. @throws CpiabError E2502 with what is wrong.
 */
export function checkRequest(der: Buffer, named: Buffer = EMPTY): RequestedKey {
  if (der.length > LARGEST) throw refused(`it has ${der.length} bytes, and ${LARGEST} are the most`);
  const { info, subject, spki, attributes, algorithm, signature } = parts(der);
  if (!subject.equals(named)) throw refused(`it asks for a subject: ${subjectText(subject)}`);
  if (attributes.length > 0) throw refused('it asks for extensions or has other attributes');
  if (spki.length !== SPKI_BYTES || !spki.subarray(0, P256.length).equals(P256))
    throw refused('its key is not of the named curve P-256');
  if (!algorithm.equals(ECDSA_SHA256)) throw refused('it is not signed by ECDSA with SHA-256');
  if (!signedBy(spki, info, signature)) throw refused('its signature is not by its key');
  return { spki, fingerprint: createHash('sha256').update(spki).digest('hex') };
}

/** The key of a request, DER of SubjectPublicKeyInfo; null for what is none. Nobody has looked whether it signed it. */
export function keyIn(der: Buffer): Buffer | null {
  try {
    return parts(der).spki;
  } catch (error) {
    if (error instanceof CpiabError) return null;
    throw error;
  }
}

/** What `checkRequest` takes, of a P-256 key. */
export function makeRequest(privateKey: KeyObject): Buffer {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const info = encode(tags.sequence, VERSION_1, EMPTY, spki, encode(tags.attributes));
  const signature = sign('sha256', info, privateKey);
  return encode(tags.sequence, info, ECDSA_SHA256, encode(tags.bitString, Buffer.of(0), signature));
}

function parts(der: Buffer) {
  try {
    const [info, algorithm, signature, ...more] = elements(only(der, tags.sequence).content);
    if (
      info?.tag !== tags.sequence ||
      algorithm === undefined ||
      signature?.tag !== tags.bitString ||
      more.length > 0
    )
      throw new RangeError('not the parts of a request');
    const [version, subject, spki, attributes, ...others] = elements(info.content);
    if (
      version === undefined ||
      subject === undefined ||
      spki === undefined ||
      attributes?.tag !== tags.attributes ||
      others.length > 0
    )
      throw new RangeError('not the parts of what is signed');
    if (!version.whole.equals(VERSION_1) || signature.content[0] !== 0)
      throw new RangeError('another version');
    return {
      info: info.whole,
      subject: subject.whole,
      spki: spki.whole,
      attributes: attributes.content,
      algorithm: algorithm.whole,
      signature: signature.content.subarray(1),
    };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw refused('it is not a certification request in DER', cause);
  }
}

/** A point that is not on the curve makes no key. */
function signedBy(spki: Buffer, info: Buffer, signature: Buffer): boolean {
  try {
    return verify('sha256', info, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
  } catch {
    return false;
  }
}

const refused = (why: string, cause?: unknown) =>
  new CpiabError('E2502', { subject: 'request for a certificate', args: [why], cause });
