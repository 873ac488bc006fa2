import { chunkSizes } from '../../contract/chunk-sizes.ts';
import { hkdf } from '../../host/age/primitives.ts';

const { least, over, most } = chunkSizes;
/** The hash's upper bits, which depend on the last 32 bytes. */
const CUT = ~0 << (32 - Math.log2(over));

/** A random number for each byte. Where content is cut says something of it, so the cuts depend on a key. */
export function gearOf(key: Uint8Array): Int32Array {
  const bytes = Buffer.concat(
    Array.from({ length: 32 }, (_, index) => hkdf(key, Buffer.alloc(0), `cargo gear ${index}`)),
  );
  return Int32Array.from({ length: 256 }, (_, index) => bytes.readInt32LE(index * 4));
}

/**
 * Cuts content where it says so itself, so that a change moves no cut but those near it. Source: Xia and others, "FastCDC"
 * (USENIX ATC 2016): gear hash, and none of what comes before the least size, so that most bytes are not looked at.
 */
export class Chunker {
  readonly #gear: Int32Array;
  /** Of the chunk that has begun. */
  #length = 0;
  #hash = 0;

  constructor(gear: Int32Array) {
    this.#gear = gear;
  }

  /**
   * @param part what comes next, from a place in it.
   * @returns where the chunk that has begun ends in it; null when it goes on after it.
   */
  end(part: Buffer, from: number): number | null {
    const end = this.#cut(part, from);
    this.#length += part.length - from;
    if (end !== null) this.begin();
    return end;
  }

  /** What comes next has nothing to do with what came before. */
  begin(): void {
    this.#length = 0;
    this.#hash = 0;
  }

  #cut(bytes: Buffer, from: number): number | null {
    const gear = this.#gear;
    // Sizes of a chunk as places in these bytes.
    const placeOf = (size: number) => Math.min(bytes.length, Math.max(from, from + size - this.#length));
    const last = placeOf(most);
    let hash = this.#hash;
    for (let at = placeOf(least); at < last; at++) {
      hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
      if ((hash & CUT) === 0) return at + 1;
    }
    this.#hash = hash;
    return this.#length + last - from === most ? last : null;
  }
}
