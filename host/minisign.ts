import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** A minisign public key. Source: https://jedisct1.github.io/minisign/ (file formats). */
export interface PublicKey {
  /** 8 bytes that name the key in signatures. */
  id: Buffer;
  /** The same as minisign prints it: 16 upper-case hexadecimal digits, little-endian. */
  name: string;
  key: KeyObject;
}

/** What a `.minisig` file says, not yet checked. */
export interface Signature {
  /** `ED`: over BLAKE2b-512 of the message (minisign's default since 0.10); `Ed`: over the message itself. */
  algorithm: 'ED' | 'Ed';
  keyId: Buffer;
  /** 64 bytes, Ed25519 (RFC 8032). */
  signature: Buffer;
  trustedComment: string;
  /** Over the signature and the trusted comment, 64 bytes. */
  globalSignature: Buffer;
}

const TRUSTED = 'trusted comment: ';
/** DER of SubjectPublicKeyInfo up to the 32 bytes of an Ed25519 key (RFC 8410 section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @throws Error when the text is not a minisign public key file. */
export function parsePublicKey(text: string): PublicKey {
  const body = decode(text.split('\n')[1], 42, 'public key');
  if (body.subarray(0, 2).toString('latin1') !== 'Ed') throw new Error('not an Ed25519 minisign public key');
  const id = body.subarray(2, 10);
  const der = Buffer.concat([SPKI_PREFIX, body.subarray(10)]);
  const name = Buffer.from(id).reverse().toString('hex').toUpperCase();
  return { id, name, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** The text of a public key file. */
export function formatPublicKey({ id, name, key }: PublicKey): string {
  const raw = key.export({ format: 'der', type: 'spki' }).subarray(-32);
  const body = Buffer.concat([Buffer.from('Ed'), id, raw]).toString('base64');
  return `untrusted comment: minisign public key ${name}\n${body}\n`;
}

/** @throws Error when the text is not a minisign signature file. */
export function parseSignature(text: string): Signature {
  const lines = text.split('\n');
  const body = decode(lines[1], 74, 'signature');
  const algorithm = body.subarray(0, 2).toString('latin1');
  if (algorithm !== 'ED' && algorithm !== 'Ed') throw new Error('unknown minisign signature algorithm');
  const comment = lines[2]?.replace(/\r$/, '') ?? '';
  if (!comment.startsWith(TRUSTED)) throw new Error('minisign signature without a trusted comment');
  return {
    algorithm,
    keyId: body.subarray(2, 10),
    signature: body.subarray(10),
    trustedComment: comment.slice(TRUSTED.length),
    globalSignature: decode(lines[3], 64, 'global signature'),
  };
}

/**
 * The text of a `.minisig` file.
 * @param keyName the signing key's identifier, for the untrusted comment.
 */
export function formatSignature(signature: Signature, keyName: string): string {
  const algorithm = Buffer.from(signature.algorithm, 'latin1');
  const body = Buffer.concat([algorithm, signature.keyId, signature.signature]).toString('base64');
  return [
    `untrusted comment: signature from cpiab site key ${keyName}`,
    body,
    `${TRUSTED}${signature.trustedComment}`,
    signature.globalSignature.toString('base64'),
    '',
  ].join('\n');
}

/**
 * Checks a message held in memory. A malformed signature is a wrong one.
 * @param signature text of the `.minisig` file.
 */
export function verifyBytes(bytes: Uint8Array, signature: string, key: PublicKey): boolean {
  const parsed = parseOrNull(signature);
  if (parsed === null) return false;
  const signed = parsed.algorithm === 'ED' ? createHash('blake2b512').update(bytes).digest() : bytes;
  return verifySigned(signed, parsed, key);
}

/**
 * Checks a message by its hash, as for one too large for memory. The legacy form, which signs the
 * message itself, can't be checked so and is refused.
 * @param hash BLAKE2b-512 of the message, 64 bytes.
 * @param signature text of the `.minisig` file.
 */
export function verifyHash(hash: Uint8Array, signature: string, key: PublicKey): boolean {
  const parsed = parseOrNull(signature);
  return parsed !== null && parsed.algorithm === 'ED' && verifySigned(hash, parsed, key);
}

function verifySigned(signed: Uint8Array, parsed: Signature, key: PublicKey): boolean {
  if (!parsed.keyId.equals(key.id)) return false;
  const global = Buffer.concat([parsed.signature, Buffer.from(parsed.trustedComment)]);
  return (
    verify(null, signed, key.key, parsed.signature) && verify(null, global, key.key, parsed.globalSignature)
  );
}

function parseOrNull(text: string): Signature | null {
  try {
    return parseSignature(text);
  } catch {
    return null;
  }
}

function decode(line: string | undefined, length: number, what: string): Buffer {
  const body = Buffer.from(line ?? '', 'base64');
  if (body.length !== length)
    throw new Error(`not a minisign ${what}: ${length} bytes expected, ${body.length} found`);
  return body;
}
