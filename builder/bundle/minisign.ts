import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { formatSignature } from '../../host/minisign.ts';

/** A minisign key pair. Source: https://jedisct1.github.io/minisign/ (file formats). */
export interface SiteKey {
  /** 8 bytes that name the key in signatures. */
  id: Buffer;
  privateKey: KeyObject;
  /** 32 bytes, Ed25519 (RFC 8032). */
  publicKey: Buffer;
}

const ALGORITHM = Buffer.from('Ed');
const NO_KDF = Buffer.alloc(2);
const BLAKE2 = Buffer.from('B2');
const NO_CHECKSUM = Buffer.alloc(32);
/** DER of PKCS#8 up to the 32 seed bytes of an Ed25519 private key (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Makes a new key pair. */
export function generateSiteKey(): SiteKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { id: randomBytes(8), privateKey, publicKey: publicBytes(privateKey) };
}

/** The secret key file, unencrypted (KDF none) like that of `minisign -G -W`, but with its checksum. */
export function encodeSecretKey(key: SiteKey): string {
  const secret = Buffer.concat([seedBytes(key.privateKey), key.publicKey]);
  const checksum = blake2b(Buffer.concat([ALGORITHM, key.id, secret]), { dkLen: 32 });
  const body = Buffer.concat([ALGORITHM, NO_KDF, BLAKE2, Buffer.alloc(48), key.id, secret, checksum]);
  return `untrusted comment: minisign secret key ${keyName(key)}\n${body.toString('base64')}\n`;
}

/**
 * Reads an unencrypted secret key file; minisign's own have no checksum.
 * @throws Error when the text is not one or is damaged.
 */
export function decodeSecretKey(text: string): SiteKey {
  const body = Buffer.from(text.split('\n')[1] ?? '', 'base64');
  if (body.length !== 158 || !body.subarray(0, 2).equals(ALGORITHM))
    throw new Error('not a minisign secret key');
  if (!body.subarray(2, 4).equals(NO_KDF))
    throw new Error('the key is encrypted; export it with `minisign -C -W`');
  const id = body.subarray(54, 62);
  const secret = body.subarray(62, 126);
  const checksum = body.subarray(126);
  const computed = blake2b(Buffer.concat([ALGORITHM, id, secret]), { dkLen: 32 });
  if (!checksum.equals(NO_CHECKSUM) && !checksum.equals(computed))
    throw new Error('the key fails its checksum');
  const der = Buffer.concat([PKCS8_PREFIX, secret.subarray(0, 32)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = publicBytes(privateKey);
  if (!publicKey.equals(secret.subarray(32)))
    throw new Error('the two halves of the key do not belong together');
  return { id, privateKey, publicKey };
}

/** The public key file. */
export function encodePublicKey(key: SiteKey): string {
  const body = Buffer.concat([ALGORITHM, key.id, key.publicKey]).toString('base64');
  return `untrusted comment: minisign public key ${keyName(key)}\n${body}\n`;
}

/** Signs bytes held in memory; the signature is prehashed (BLAKE2b-512), minisign's default. */
export function signBytes(bytes: Uint8Array, key: SiteKey, trustedComment: string): string {
  return signPrehashed(createHash('blake2b512').update(bytes).digest(), key, trustedComment);
}

/**
 * The text of a `.minisig` file.
 * @param hash BLAKE2b-512 of the message, 64 bytes.
 * @param trustedComment one line, covered by the global signature; no clock in it, so that signing is reproducible.
 */
export function signPrehashed(hash: Uint8Array, key: SiteKey, trustedComment: string): string {
  const signature = sign(null, hash, key.privateKey);
  const globalSignature = sign(null, Buffer.concat([signature, Buffer.from(trustedComment)]), key.privateKey);
  return formatSignature(
    { algorithm: 'ED', keyId: key.id, signature, trustedComment, globalSignature },
    keyName(key),
  );
}

/** The key's identifier as minisign prints it: 16 upper-case hexadecimal digits, little-endian. */
export function keyName(key: Pick<SiteKey, 'id'>): string {
  return Buffer.from(key.id).reverse().toString('hex').toUpperCase();
}

function seedBytes(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length);
}

function publicBytes(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}
