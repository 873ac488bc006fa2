import { createHmac } from 'node:crypto';
import { hkdf } from '../../host/age/primitives.ts';
import { gearOf } from './chunker.ts';

/**
 * What chunks are called. The same content has the same name, so that what a cargo before has is not written again;
 * under another key the name has nothing in common with it.
 */
export class ChunkNames {
  /** For the chunker. */
  readonly gear: Int32Array;
  readonly #key: Buffer;

  /** @param key 32 random bytes. */
  constructor(key: Uint8Array) {
    this.gear = gearOf(key);
    this.#key = hkdf(key, Buffer.alloc(0), 'cargo names');
  }

  of(content: Uint8Array): string {
    return createHmac('sha256', this.#key).update(content).digest('hex');
  }
}
