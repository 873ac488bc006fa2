import type { Hash } from 'node:crypto';
import { Transform } from 'node:stream';

/** A stream that hands on what it gets and feeds it to a hash: content is hashed while it is copied, not read again. */
export function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
