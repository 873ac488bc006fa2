import { randomBytes } from 'node:crypto';
import { formatHeader, LARGEST_HEADER, openHeader } from './header.ts';
import type { Identity, Recipient } from './keys.ts';
import { AgeError, Payload, PIECE, SEALED_PIECE } from './payload.ts';

export { AgeError };

const NONCE = 16;

/**
 * The age encryption format, version 1, as a stream. Source: C2SP age specification; every primitive is node:crypto's.
 * @param plain may use the memory of a part again when the next is asked for.
 * @param recipients one or more; a passphrase alone.
 */
export async function* encryptAge(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly Recipient[],
): AsyncGenerator<Buffer> {
  const { head, payload } = begin(recipients);
  yield head;
  for await (const { bytes, isLast } of pieces(plain, PIECE)) yield payload.seal(bytes, isLast);
}

/** The same of what is there as a whole. */
export function sealAge(plain: Uint8Array, recipients: readonly Recipient[]): Buffer {
  const { head, payload } = begin(recipients);
  return payload.seal(plain, true, head);
}

function begin(recipients: readonly Recipient[]) {
  const fileKey = randomBytes(16);
  const nonce = randomBytes(NONCE);
  const head = Buffer.concat([Buffer.from(formatHeader(fileKey, recipients)), nonce]);
  return { head, payload: new Payload(fileKey, nonce) };
}

/**
 * Decrypts a stream. What is given out was sealed by whoever made the file; that all of it came is known only at the end.
 * @param sealed may use the memory of a part again when the next is asked for.
 * @throws AgeError.
 */
export async function* decryptAge(
  sealed: AsyncIterable<Uint8Array>,
  identities: readonly Identity[],
): AsyncGenerator<Buffer> {
  const source = sealed[Symbol.asyncIterator]();
  let read = Buffer.alloc(0);
  for (;;) {
    const opened = openHead(read, identities);
    if (opened !== null) {
      const { payload, length } = opened;
      const rest = from(read.subarray(length), source);
      for await (const { bytes, isLast } of pieces(rest, SEALED_PIECE)) yield payload.open(bytes, isLast);
      return;
    }
    const { done, value } = await source.next();
    if (done) throw new AgeError('not a file of age, or cut off in its header');
    read = Buffer.concat([read, value]);
  }
}

/** The same of what is there as a whole. @throws AgeError. */
export function openAge(sealed: Buffer, identities: readonly Identity[]): Buffer {
  const opened = openHead(sealed, identities);
  if (opened === null) throw new AgeError('not a file of age, or cut off in its header');
  return opened.payload.open(sealed.subarray(opened.length), true);
}

/** What comes before the pieces. @returns null when not all of it is there. @throws AgeError. */
function openHead(
  bytes: Buffer,
  identities: readonly Identity[],
): { payload: Payload; length: number } | null {
  const text = bytes.toString('latin1', 0, LARGEST_HEADER);
  const end = /^--- .*\n/m.exec(text);
  if (end === null && text.length === LARGEST_HEADER) throw new AgeError('not a file of age');
  const at = end === null ? bytes.length : end.index + end[0].length;
  if (bytes.length < at + NONCE) return null;
  const fileKey = openHeader(text.slice(0, at), identities);
  if (fileKey === null)
    throw new AgeError('not encrypted for this key or passphrase, or its header was changed');
  const length = at + NONCE;
  return { payload: new Payload(fileKey, bytes.subarray(at, length)), length };
}

/** Whole pieces, as many as came together, and then the last, what is left: at least one, even of nothing. */
async function* pieces(source: AsyncIterable<Uint8Array>, size: number) {
  const held = Buffer.allocUnsafeSlow(size);
  let length = 0;
  for await (const part of source) {
    let at = 0;
    // One more byte must be there for a piece not to be the last.
    if (length > 0 && length + part.length > size) {
      at = size - length;
      held.set(part.subarray(0, at), length);
      yield { bytes: held, isLast: false };
      length = 0;
    }
    const whole = Math.max(0, Math.ceil((length + part.length - at) / size) - 1) * size;
    if (whole > 0) yield { bytes: part.subarray(at, at + whole), isLast: false };
    held.set(part.subarray(at + whole), length);
    length += part.length - at - whole;
  }
  yield { bytes: held.subarray(0, length), isLast: true };
}

/** A stream of which something was read before. */
async function* from(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (;;) {
    const { done, value } = await rest.next();
    if (done) return;
    yield value;
  }
}
