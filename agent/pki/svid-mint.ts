import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { certificateParts } from './certificate-parts.ts';
import { elements, encode, only, tags } from './der.ts';
import type { Signer, Validity } from './mint.ts';
import { serial } from './serial.ts';

/** DER. Extensions: RFC 5280 section 4.2.1; as UTCTime holds two digits of a year: section 4.1.2.5. */
const VERSION_3 = Buffer.from('a003020102', 'hex');
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
const NO_SUBJECT = Buffer.from('3000', 'hex');
const CRITICAL = Buffer.from('0101ff', 'hex');
const FIRST_GENERALIZED_YEAR = 2050;

/** What certificates of nodes and workloads have besides names and keys: no authority, for signatures, client and server. */
const uses = [
  extension('551d13', encode(tags.sequence), CRITICAL),
  // digitalSignature: the first bit of a string of one.
  extension('551d0f', Buffer.from('03020780', 'hex'), CRITICAL),
  extension('551d25', Buffer.from('301406082b0601050507030206082b06010505070301', 'hex')),
];

/** A certificate that was just signed. */
export interface Minted {
  /** DER. */
  certificate: Buffer;
  /** Hexadecimal, as OpenSSL shows it. */
  serial: string;
}

/**
 * Signs certificates of nodes and workloads. One is put together from parts that are the same for all of an issuer:
 * a library that models every field takes as long for it as all else that an enrolment is.
 */
export class SvidMint {
  readonly #key: KeyObject;
  /** DER of the issuer's name. */
  readonly #issuer: Buffer;
  readonly #ofAll: readonly Buffer[];

  constructor({ key, certificate }: Signer) {
    const issuing = certificateParts(new X509Certificate(certificate).raw);
    this.#key = createPrivateKey(key);
    this.#issuer = issuing.subject;
    const keyIdentifier = encode(0x80, keyIdentifierOf(issuing.spki));
    this.#ofAll = [...uses, extension('551d23', encode(tags.sequence, keyIdentifier))];
  }

  /**
   * An X.509-SVID: one URI, critical as the subject is empty (RFC 5280 section 4.2.1.6; SPIFFE X.509-SVID sections 2 to 4).
   * @param uri ASCII. @param spki DER of the public key, P-256.
   */
  mint(uri: string, spki: Buffer, { notBefore, notAfter }: Validity): Minted {
    const number = serial();
    const name = encode(tags.sequence, encode(tags.uri, Buffer.from(uri, 'ascii')));
    const extensions = [
      ...this.#ofAll,
      extension('551d11', name, CRITICAL),
      extension('551d0e', encode(tags.octetString, keyIdentifierOf(spki))),
    ];
    const signed = encode(
      tags.sequence,
      ...[VERSION_3, encode(tags.integer, Buffer.from(number, 'hex')), ECDSA_SHA256, this.#issuer],
      encode(tags.sequence, time(notBefore), time(notAfter)),
      ...[NO_SUBJECT, spki, encode(tags.extensions, encode(tags.sequence, ...extensions))],
    );
    const signature = encode(tags.bitString, Buffer.of(0), sign('sha256', signed, this.#key));
    const certificate = encode(tags.sequence, signed, ECDSA_SHA256, signature);
    return { certificate, serial: number.toUpperCase() };
  }
}

/** @param oid its bytes, hexadecimal. */
function extension(oid: string, value: Uint8Array, critical: Uint8Array = Buffer.alloc(0)): Buffer {
  const type = encode(tags.objectIdentifier, Buffer.from(oid, 'hex'));
  return encode(tags.sequence, type, critical, encode(tags.octetString, value));
}

function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-:T]|\..*/g, '')}Z`;
  return date.getUTCFullYear() < FIRST_GENERALIZED_YEAR
    ? encode(tags.utcTime, Buffer.from(text.slice(2)))
    : encode(tags.generalizedTime, Buffer.from(text));
}

/** SHA-1 of the key's bits names it, and protects nothing (RFC 5280 section 4.2.1.2). */
function keyIdentifierOf(spki: Buffer): Buffer {
  const bits = elements(only(spki, tags.sequence).content)[1]?.content.subarray(1);
  if (bits === undefined) throw new RangeError('not a public key');
  return createHash('sha1').update(bits).digest();
}
