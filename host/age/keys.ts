import { randomBytes, scryptSync } from 'node:crypto';
import { bech32Decode, bech32Encode } from './bech32.ts';
import { hkdf, open, privateKey, rawPublic, seal, x25519 } from './primitives.ts';

/** One line of a header and what follows it: the file key, wrapped. */
export interface Stanza {
  args: string[];
  body: Buffer;
}

/** Who may decrypt. */
export interface Recipient {
  wrap(fileKey: Buffer): Stanza;
}

/** What decrypts. @returns null for a stanza that is somebody else's. */
export interface Identity {
  unwrap(stanza: Stanza): Buffer | null;
}

/** An X25519 key. */
export interface KeyIdentity extends Identity {
  /** `AGE-SECRET-KEY-1…`. */
  secret: string;
}

const NONCE = Buffer.alloc(12);
const X25519_INFO = 'age-encryption.org/v1/X25519';
const SCRYPT_LABEL = 'age-encryption.org/v1/scrypt';
/** About a second on a current machine; what the age program takes. */
const WORK_FACTOR = 18;
/** A file may not make its reader work longer than for a few seconds. */
const MOST_WORK = 20;

/** @param text `age1…`. @returns null when it is no recipient. */
export function parseRecipient(text: string): Recipient | null {
  const share = bech32Decode('age', text);
  return share?.length === 32 ? x25519Recipient(share) : null;
}

function x25519Recipient(recipient: Buffer): Recipient {
  return {
    wrap: (fileKey) => {
      const ephemeral = privateKey(randomBytes(32));
      const share = rawPublic(ephemeral);
      const key = hkdf(x25519(ephemeral, recipient), Buffer.concat([share, recipient]), X25519_INFO);
      return { args: ['X25519', unpadded(share)], body: seal(key, NONCE, fileKey) };
    },
  };
}

/** @param text `AGE-SECRET-KEY-1…`. @returns null when it is no identity. */
export function parseIdentity(text: string): KeyIdentity | null {
  const bytes = bech32Decode('age-secret-key-', text);
  if (bytes?.length !== 32) return null;
  const secret = privateKey(bytes);
  const recipient = rawPublic(secret);
  return {
    secret: text,
    unwrap: ({ args: [type, encoded = '', ...more], body }) => {
      if (type !== 'X25519' || more.length > 0 || body.length !== 32) return null;
      const share = fromUnpadded(encoded);
      if (share?.length !== 32) return null;
      return open(hkdf(x25519(secret, share), Buffer.concat([share, recipient]), X25519_INFO), NONCE, body);
    },
  };
}

/** Identities of a file as `age-keygen` writes it: one a line, with empty lines and comments. @returns null when a line is none. */
export function parseIdentities(text: string): KeyIdentity[] | null {
  const lines = text.split('\n').map((line) => line.trim());
  const found = lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseIdentity);
  return found.length === 0 || found.includes(null) ? null : found.filter((one) => one !== null);
}

/** A new pair; `secret` is what a file of age-keygen holds. */
export function makeIdentity(): { identity: KeyIdentity; recipient: string; secret: string } {
  const secret = bech32Encode('age-secret-key-', randomBytes(32)).toUpperCase();
  const [identity, recipient] = [parseIdentity(secret), recipientOf(secret)];
  if (identity === null || recipient === null) throw new Error('unreachable');
  return { identity, recipient, secret };
}

/** The `age1…` that belongs to an `AGE-SECRET-KEY-1…`. @returns null when it is no identity. */
export function recipientOf(secret: string): string | null {
  const bytes = bech32Decode('age-secret-key-', secret);
  return bytes?.length === 32 ? bech32Encode('age', rawPublic(privateKey(bytes))) : null;
}

/** A passphrase encrypts and decrypts; a file has no other recipient beside it. */
export function passphrase(text: string, workFactor: number = WORK_FACTOR): Recipient & Identity {
  const keyOf = (salt: Buffer, factor: number) => {
    const N = 2 ** factor;
    const options = { N, r: 8, p: 1, maxmem: 2 * 128 * 8 * N };
    return scryptSync(text, Buffer.concat([Buffer.from(SCRYPT_LABEL), salt]), 32, options);
  };
  return {
    wrap: (fileKey) => {
      const salt = randomBytes(16);
      const body = seal(keyOf(salt, workFactor), NONCE, fileKey);
      return { args: ['scrypt', unpadded(salt), String(workFactor)], body };
    },
    unwrap: ({ args: [type, encoded = '', factor = '', ...more], body }) => {
      if (type !== 'scrypt' || more.length > 0 || body.length !== 32 || !/^[1-9]\d?$/.test(factor))
        return null;
      const salt = fromUnpadded(encoded);
      if (salt?.length !== 16 || Number(factor) > MOST_WORK) return null;
      return open(keyOf(salt, Number(factor)), NONCE, body);
    },
  };
}

/** Base64 (RFC 4648 section 4) without padding. */
export const unpadded = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

/** @returns null for anything but the one way to write these bytes. */
export function fromUnpadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return unpadded(bytes) === text ? bytes : null;
}
