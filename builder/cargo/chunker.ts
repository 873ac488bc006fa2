import { chunkSizes } from '../../contract/cargo.ts';
import { hkdf } from '../../host/age/primitives.ts';

const { least, usual, most } = chunkSizes;
const BITS = Math.log2(usual);
/** Of a hash's upper bits, which depend on the last 32 bytes: more of them before the usual size, fewer after. */
const upper = (bits: number) => ~0 << (32 - bits);
const EARLY = upper(BITS + 2);
const LATE = upper(BITS - 2);

/** A random number for each byte. Where content is cut says something of it, so the cuts depend on a key. */
export function gearOf(key: Uint8Array): Int32Array {
  const bytes = Buffer.concat(
    Array.from({ length: 32 }, (_, index) => hkdf(key, Buffer.alloc(0), `cargo gear ${index}`)),
  );
  return Int32Array.from({ length: 256 }, (_, index) => bytes.readInt32LE(index * 4));
}

/**
 * Cuts content where it says so itself, so that a change moves no cut but those near it. Source: Xia and others, "FastCDC"
 * (USENIX ATC 2016): gear hash, sizes kept near the usual one.
 */
export class Chunker {
  readonly #gear: Int32Array;
  #held: Buffer = Buffer.alloc(0);

  constructor(gear: Int32Array) {
    this.#gear = gear;
  }

  /** @returns the chunks that are certain now. */
  push(part: Uint8Array): Buffer[] {
    const all = Buffer.concat([this.#held, part]);
    const chunks: Buffer[] = [];
    let at = 0;
    while (all.length - at >= most) {
      const end = this.#cut(all, at);
      chunks.push(all.subarray(at, end));
      at = end;
    }
    this.#held = all.subarray(at);
    return chunks;
  }

  /** @returns what is left; the next push begins anew. */
  end(): Buffer[] {
    const chunks: Buffer[] = [];
    for (let at = 0; at < this.#held.length; ) {
      const end = this.#cut(this.#held, at);
      chunks.push(this.#held.subarray(at, end));
      at = end;
    }
    this.#held = Buffer.alloc(0);
    return chunks;
  }

  #cut(bytes: Buffer, from: number): number {
    const gear = this.#gear;
    const last = Math.min(bytes.length, from + most);
    const middle = Math.min(last, from + usual);
    let hash = 0;
    let at = from + least;
    for (; at < middle; at++) {
      hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
      if ((hash & EARLY) === 0) return at + 1;
    }
    for (; at < last; at++) {
      hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
      if ((hash & LATE) === 0) return at + 1;
    }
    return last;
  }
}
