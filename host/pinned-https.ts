import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import { CpiabError } from '../contract/errors.ts';

/** The server's key or certificate is not the one expected. */
export class PinMismatch extends Error {
  readonly found: string;

  constructor(found: string, what: Pin['of'] = 'key') {
    super(`the server's ${what} is ${found}`);
    this.name = 'PinMismatch';
    this.found = found;
  }
}

/**
 * What a person is told of a box that gave no answer: E5005 where it showed another key than was expected, else E5004.
 * @param cause what the request threw; an error that is for people already stays as it is.
 */
export function noAnswer(subject: string, expected: string, cause: unknown): CpiabError {
  if (cause instanceof CpiabError) return cause;
  if (cause instanceof PinMismatch)
    return new CpiabError('E5005', { subject, args: [cause.found, expected], cause });
  return new CpiabError('E5004', { subject, args: [(cause as Error).message], cause });
}

/** What a server is known by: SHA-256 of its SubjectPublicKeyInfo, or of its whole certificate; hexadecimal, lower case. */
export interface Pin {
  of: 'key' | 'certificate';
  sha256: string;
}

export interface PinnedRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  headers?: Record<string, string>;
  /** Sent as it comes; a stream needs its `content-length` among the headers. */
  body?: Readable | string;
  /** PEM, with which this side says who it is. */
  identity?: { cert: string; key: string };
  /** Milliseconds without any byte in either direction. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface PinnedResponse {
  status: number;
  body: Buffer;
}

/** Bytes of an answer that are kept; what asks here gets small documents. */
const LARGEST_ANSWER = 16 << 20;

/**
 * GET over TLS 1.3 from a server known by its key alone (RFC 7858 section 4.2 uses the same kind of pin).
 * Nothing is sent before the pin matches.
 * @param fingerprint SHA-256 of the certificate's SubjectPublicKeyInfo, hexadecimal.
 * @throws PinMismatch, or the socket's error.
 */
export function getPinned(url: URL, fingerprint: string, timeoutMs = 10_000): Promise<PinnedResponse> {
  return askPinned(url, { of: 'key', sha256: fingerprint }, { timeoutMs });
}

/**
 * One request over TLS 1.3 to a server known by a pin alone. Neither headers nor body are sent before it matches.
 * @throws PinMismatch, the socket's error, or the signal's reason.
 */
export async function askPinned(url: URL, pin: Pin, asked: PinnedRequest = {}): Promise<PinnedResponse> {
  const { status, response } = await openPinned(url, pin, asked);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error(`the answer is larger than ${LARGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return { status, body: Buffer.concat(chunks) };
}

/** The same, with the answer as a stream. */
export async function openPinned(
  url: URL,
  pin: Pin,
  { method = 'GET', headers = {}, body, identity, timeoutMs = 10_000, signal }: PinnedRequest = {},
): Promise<{ status: number; response: IncomingMessage }> {
  const options: RequestOptions = {
    method,
    headers,
    // The certificate is self-signed; the pin below is the check.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    agent: false,
    timeout: timeoutMs,
    ...identity,
    ...(signal === undefined ? {} : { signal }),
  };
  return await new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      resolve({ status: response.statusCode ?? 0, response });
    });
    sent.once('socket', (socket) => {
      socket.once('secureConnect', () => {
        const found = fingerprintOf(socket as TLSSocket, pin.of);
        if (found !== pin.sha256) sent.destroy(new PinMismatch(found, pin.of));
        else if (body === undefined || typeof body === 'string') sent.end(body);
        else pipeline(body, sent).catch(reject);
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    sent.on('error', (error) => reject(signal?.aborted === true ? signal.reason : error));
  });
}

function fingerprintOf(socket: TLSSocket, of: Pin['of']): string {
  const certificate = socket.getPeerX509Certificate();
  const bytes =
    of === 'key' ? certificate?.publicKey.export({ format: 'der', type: 'spki' }) : certificate?.raw;
  return bytes === undefined ? 'none' : createHash('sha256').update(bytes).digest('hex');
}
