import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type BoxSeal, endorsedText } from '../contract/audit-log.ts';
import { writeAtomic } from '../host/files.ts';
import { formatSignature } from '../host/minisign.ts';
import { formatNoteKey, noteSigner } from '../host/signed-note.ts';
import type { ApiIdentity } from './api/identity.ts';

/** Signs what the box says about itself. The key is its own, made on its first start, and never leaves it. */
export class Seal {
  /** What a reader needs to check signatures by the fingerprint on the box's console. */
  readonly document: BoxSeal;
  /** Names the box in its records: it has to be one word without a plus sign (C2SP signed-note). */
  readonly origin: string;
  /** A note with the box's signature. Its text ends in a line break. */
  readonly note: (text: string) => string;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;

  constructor(key: KeyObject, boxId: string, { key: apiKey, certificate }: ApiIdentity) {
    this.origin = `cpiab.dev/box/${boxId}`;
    this.note = noteSigner(this.origin, key);
    this.#key = key;
    const publicKey = createPublicKey(key);
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    this.#keyId = createHash('sha256').update(raw).digest().subarray(0, 8);
    const name = formatNoteKey(this.origin, publicKey);
    this.document = {
      key: name,
      minisign: Buffer.concat([Buffer.from('Ed'), this.#keyId, raw]).toString('base64'),
      certificate,
      endorsement: sign('sha256', Buffer.from(endorsedText(name)), apiKey).toString('base64'),
    };
  }

  /** The `.minisig` of bytes held in memory. @param comment one line, signed too. */
  minisign(bytes: Uint8Array, comment: string): string {
    const signature = sign(null, createHash('blake2b512').update(bytes).digest(), this.#key);
    const globalSignature = sign(null, Buffer.concat([signature, Buffer.from(comment)]), this.#key);
    const parts = {
      algorithm: 'ED' as const,
      keyId: this.#keyId,
      signature,
      trustedComment: comment,
      globalSignature,
    };
    return formatSignature(parts, Buffer.from(this.#keyId).reverse().toString('hex').toUpperCase());
  }
}

/** Reads the box's sealing key, or makes it on a new box. @param path of the key, 0600. */
export async function openSeal(path: string, boxId: string, identity: ApiIdentity): Promise<Seal> {
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (known !== null) return new Seal(createPrivateKey(known), boxId, identity);
  const { privateKey } = generateKeyPairSync('ed25519');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeAtomic(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return new Seal(privateKey, boxId, identity);
}
