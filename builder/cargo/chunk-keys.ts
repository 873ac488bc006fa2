import { createHmac, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { chunkSizes } from '../../contract/cargo.ts';
import { hkdf, open, seal } from '../../host/age/primitives.ts';
import { gearOf } from './chunker.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const NONCE = 12;
/** Bytes that come out of zstd at a time: each time costs a turn of the event loop. */
const OUTPUT = chunkSizes.usual;
const PLAIN = 0;
const ZSTD = 1;

/**
 * What one key makes of chunks. The same content has the same name, so that what a cargo before has is not written
 * again; under another key the name has nothing in common with it.
 */
export class ChunkKeys {
  /** For the chunker. */
  readonly gear: Int32Array;
  readonly #names: Buffer;
  readonly #contents: Buffer;

  /** @param key 32 random bytes. */
  constructor(key: Uint8Array) {
    this.gear = gearOf(key);
    this.#names = hkdf(key, Buffer.alloc(0), 'cargo names');
    this.#contents = hkdf(key, Buffer.alloc(0), 'cargo contents');
  }

  /** @param content at most as long as a chunk may be. */
  nameOf(content: Uint8Array): string {
    return createHmac('sha256', this.#names).update(content).digest('hex');
  }

  /** Compressed, if that helps, and encrypted. */
  async close(id: string, content: Buffer): Promise<Buffer> {
    // Without the size it makes room for the largest window each time.
    const small = await compress(content, { chunkSize: OUTPUT, pledgedSrcSize: content.length });
    const packed = small.length < content.length ? [Buffer.of(ZSTD), small] : [Buffer.of(PLAIN), content];
    const nonce = randomBytes(NONCE);
    return Buffer.concat([nonce, seal(this.#keyOf(id), nonce, Buffer.concat(packed))]);
  }

  /** Whether this is what `close` made of the content of that name. */
  isOf(id: string, stored: Uint8Array): boolean {
    return this.#unsealed(id, stored) !== null;
  }

  /** @returns null for anything but what `close` made of the content of this name. */
  async open(id: string, stored: Uint8Array): Promise<Buffer | null> {
    const packed = this.#unsealed(id, stored);
    if (packed === null) return null;
    const body = packed.subarray(1);
    if (packed[0] !== ZSTD) return body;
    return await decompress(body, { chunkSize: OUTPUT, maxOutputLength: chunkSizes.most }).catch(() => null);
  }

  #unsealed(id: string, stored: Uint8Array): Buffer | null {
    return open(this.#keyOf(id), stored.subarray(0, NONCE), stored.subarray(NONCE));
  }

  /** A key of its own for each content, so that no chunk passes for another. */
  #keyOf(id: string): Buffer {
    return createHmac('sha256', this.#contents).update(id).digest();
  }
}
