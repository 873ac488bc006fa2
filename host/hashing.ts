import { createHash, type Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import { type Digest, digestOf } from '../contract/manifest.ts';

/**
 * A stream that hands on what it gets and feeds it to a hash: content is hashed while it is copied, not read again.
 * @param onBytes hears of bytes as they pass.
 */
export function hashing(hash: Hash, onBytes: (count: number) => void = () => {}): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
}

/** For a pipeline: hands on what it gets, and throws at the first chunk with which it is more than so many bytes. */
export const atMost = (limit: number, tooMuch: () => Error) =>
  async function* (chunks: AsyncIterable<Buffer>) {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > limit) throw tooMuch();
      yield chunk;
    }
  };

/** The digest of what is in memory. */
export function digestOfBytes(bytes: Uint8Array | string): Digest {
  return digestOf(createHash('sha256').update(bytes).digest('hex'));
}
