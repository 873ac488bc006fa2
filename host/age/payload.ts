import { createSecretKey, type KeyObject } from 'node:crypto';
import { hkdf, openInto, sealInto, TAG } from './primitives.ts';

/** Bytes of a piece that is sealed by itself. */
export const PIECE = 1 << 16;
export const SEALED_PIECE = PIECE + TAG;

/** A file that was not made for these identities, or is no longer what was made. */
export class AgeError extends Error {
  override readonly name = 'AgeError';
}

/** What follows a header: pieces, one after the other. Source: C2SP age, "Payload". */
export class Payload {
  readonly #key: KeyObject;
  #index = 0;

  constructor(fileKey: Uint8Array, nonce: Uint8Array) {
    this.#key = createSecretKey(hkdf(fileKey, nonce, 'payload'));
  }

  /** @param plain whole pieces, but for the last. @param head what goes in front. */
  seal(plain: Uint8Array, isLast: boolean, head: Uint8Array = Buffer.of()): Buffer {
    const pieces = Math.max(1, Math.ceil(plain.length / PIECE));
    const sealed = Buffer.allocUnsafeSlow(head.length + plain.length + pieces * TAG);
    sealed.set(head);
    let to = head.length;
    for (let piece = 0; piece < pieces; piece++) {
      const nonce = this.#next(isLast && piece === pieces - 1);
      to = sealInto(sealed, to, this.#key, nonce, plain.subarray(piece * PIECE, (piece + 1) * PIECE));
    }
    return sealed;
  }

  /** @param sealed whole pieces, but for the last. @throws AgeError. */
  open(sealed: Uint8Array, isLast: boolean): Buffer {
    const pieces = Math.max(1, Math.ceil(sealed.length / SEALED_PIECE));
    const plain = Buffer.allocUnsafeSlow(Math.max(0, sealed.length - pieces * TAG));
    let to = 0;
    for (let piece = 0; piece < pieces; piece++) {
      const index = this.#index;
      const nonce = this.#next(isLast && piece === pieces - 1);
      const part = sealed.subarray(piece * SEALED_PIECE, (piece + 1) * SEALED_PIECE);
      const end = openInto(plain, to, this.#key, nonce, part);
      if (end === null) throw new AgeError(`changed or cut off in piece ${index}`);
      // Only an empty file ends in an empty piece: there is one way to write each content.
      if (end === to && index > 0) throw new AgeError('ends in an empty piece');
      to = end;
    }
    return plain;
  }

  /** An 11-byte counter, and whether it is the last. */
  #next(isLast: boolean): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(BigInt(this.#index++), 3);
    nonce.writeUInt8(isLast ? 1 : 0, 11);
    return nonce;
  }
}
