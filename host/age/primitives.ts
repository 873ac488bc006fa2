import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { release } from '../release.ts';

/** Bytes of a tag. */
export const TAG = 16;
type Key = Uint8Array | KeyObject;
const X25519 = { asymmetricKeyType: 'x25519' } as const;

export const privateKey = (bytes: Buffer): KeyObject =>
  createPrivateKey({ key: bytes, format: 'raw-private', ...X25519 });

const publicKey = (bytes: Buffer): KeyObject =>
  createPublicKey({ key: bytes, format: 'raw-public', ...X25519 });

/** The 32 bytes of the public key that belongs to a private one. */
export const rawPublic = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'raw-public' });

/** @throws for a point of low order. */
export const x25519 = (secret: KeyObject, share: Buffer): Buffer =>
  diffieHellman({ privateKey: secret, publicKey: publicKey(share) });

export const hkdf = (secret: Uint8Array, salt: Uint8Array, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, 32));

/** ChaCha20-Poly1305 (RFC 8439) with the tag at the end, into memory that is there. @returns where it ends. */
export function sealInto(target: Buffer, from: number, key: Key, nonce: Uint8Array, plain: Uint8Array) {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  const text = cipher.update(plain);
  const to = from + text.copy(target, from);
  release(text);
  cipher.final();
  return to + cipher.getAuthTag().copy(target, to);
}

export function seal(key: Key, nonce: Uint8Array, plain: Uint8Array): Buffer {
  const sealed = Buffer.alloc(plain.length + TAG);
  sealInto(sealed, 0, key, nonce, plain);
  return sealed;
}

/** The reverse. @returns null when it was not sealed with this key and nonce: what was written is worth nothing then. */
export function openInto(
  target: Buffer,
  from: number,
  key: Key,
  nonce: Uint8Array,
  sealed: Uint8Array,
): number | null {
  if (sealed.length < TAG) return null;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(-TAG));
  const text = decipher.update(sealed.subarray(0, -TAG));
  const to = from + text.copy(target, from);
  release(text);
  try {
    decipher.final();
    return to;
  } catch {
    return null;
  }
}

/** @returns null when it was not sealed with this key and nonce. */
export function open(key: Key, nonce: Uint8Array, sealed: Uint8Array): Buffer | null {
  const plain = Buffer.alloc(Math.max(0, sealed.length - TAG));
  return openInto(plain, 0, key, nonce, sealed) === null ? null : plain;
}
