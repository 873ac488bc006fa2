import { randomBytes } from 'node:crypto';
import { formatHeader, LARGEST_HEADER, openHeader } from './header.ts';
import type { Identity, Recipient } from './keys.ts';
import { hkdf, open, seal } from './primitives.ts';

/** Bytes of a piece that is sealed by itself. */
const CHUNK = 1 << 16;
const TAG = 16;
const NONCE = 16;

/** A file that was not made for these identities, or is no longer what was made. */
export class AgeError extends Error {
  override readonly name = 'AgeError';
}

/**
 * The age encryption format, version 1, as a stream. Source: C2SP age specification; every primitive is node:crypto's.
 * @param recipients one or more; a passphrase alone.
 */
export async function* encryptAge(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly Recipient[],
): AsyncGenerator<Buffer> {
  const fileKey = randomBytes(16);
  const nonce = randomBytes(NONCE);
  yield Buffer.concat([Buffer.from(formatHeader(fileKey, recipients)), nonce]);
  const key = hkdf(fileKey, nonce, 'payload');
  const counter = new Counter();
  for await (const { chunk, last } of chunks(plain, CHUNK)) yield seal(key, counter.next(last), chunk);
}

/**
 * Decrypts a stream. What is given out was sealed by whoever made the file; that all of it came is known only at the end.
 * @throws AgeError.
 */
export async function* decryptAge(
  sealed: AsyncIterable<Uint8Array>,
  identities: readonly Identity[],
): AsyncGenerator<Buffer> {
  const source = sealed[Symbol.asyncIterator]();
  const { header, rest } = await readHeader(source);
  const fileKey = openHeader(header, identities);
  if (fileKey === null)
    throw new AgeError('not encrypted for this key or passphrase, or its header was changed');
  const after = prepend(rest, source);
  const nonce = await after.take(NONCE);
  const key = hkdf(fileKey, nonce, 'payload');
  const counter = new Counter();
  for await (const { chunk, last, index } of chunks(after, CHUNK + TAG)) {
    const plain = open(key, counter.next(last), chunk);
    if (plain === null) throw new AgeError(`changed or cut off in piece ${index}`);
    // Only an empty file ends in an empty piece: there is one way to write each content.
    if (last && index > 0 && plain.length === 0) throw new AgeError('ends in an empty piece');
    yield plain;
  }
}

/** Nonces of pieces: an 11-byte counter, and whether it is the last. */
class Counter {
  #value = 0n;

  next(last: boolean): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(this.#value, 3);
    nonce.writeUInt8(last ? 1 : 0, 11);
    this.#value += 1n;
    return nonce;
  }
}

/** Pieces of one size, the last of them what is left: at least one, even of nothing. */
async function* chunks(source: AsyncIterable<Uint8Array>, size: number) {
  let held: Uint8Array[] = [];
  let length = 0;
  let index = 0;
  for await (const part of source) {
    held.push(part);
    length += part.length;
    if (length <= size) continue;
    const all = held.length === 1 ? part : Buffer.concat(held);
    let at = 0;
    // One more byte must be there for a piece not to be the last.
    for (; all.length - at > size; at += size)
      yield { chunk: all.subarray(at, at + size), last: false, index: index++ };
    held = [all.subarray(at)];
    length = all.length - at;
  }
  const [only = Buffer.of()] = held;
  yield { chunk: held.length > 1 ? Buffer.concat(held) : only, last: true, index };
}

async function readHeader(source: AsyncIterator<Uint8Array>): Promise<{ header: string; rest: Buffer }> {
  let read = Buffer.alloc(0);
  for (;;) {
    const text = read.toString('latin1');
    const end = /^--- .*\n/m.exec(text);
    if (end !== null) {
      const length = end.index + end[0].length;
      return { header: text.slice(0, length), rest: read.subarray(length) };
    }
    const { done, value } = await source.next();
    if (done || read.length > LARGEST_HEADER) throw new AgeError('not a file of age');
    read = Buffer.concat([read, value]);
  }
}

/** A stream with bytes in front that were read too far; some may be taken before the rest is read. */
function prepend(first: Buffer, source: AsyncIterator<Uint8Array>) {
  let held = first;
  return {
    take: async (count: number): Promise<Buffer> => {
      while (held.length < count) {
        const { done, value } = await source.next();
        if (done) throw new AgeError('cut off after its header');
        held = Buffer.concat([held, value]);
      }
      const taken = held.subarray(0, count);
      held = held.subarray(count);
      return taken;
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
      yield held;
      for (;;) {
        const { done, value } = await source.next();
        if (done) return;
        yield value;
      }
    },
  };
}
