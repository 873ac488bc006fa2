import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { askPinned, noAnswer } from '../../host/pinned-https.ts';
import type { Asked, Shown } from './store.ts';

export interface Question {
  method: 'GET' | 'POST';
  path: string;
  body?: string;
}

const TIMEOUT_MS = 30_000;
const RefusalSchema = z.object({ code: z.string(), subject: z.string(), message: z.string() });

/** The box starts, or has too much to do: it is asked again, and nothing is decided. Source: RFC 9110 section 15.6. */
const later = [429, 502, 503];

/** What a box said: a document, or that it refuses. */
export type Answer = { status: number; document: unknown } | { status: number; refusal: string };

/**
 * Asks the box that an invitation names, over TLS 1.3. Nothing is sent before its key is the one that is pinned.
 * @throws CpiabError E5004 without an answer, E5005 for another key.
 */
export async function askBox(
  { box, pin }: Pick<Asked, 'box' | 'pin'>,
  shown: Shown,
  { method, path, body }: Question,
  signal: AbortSignal,
): Promise<Answer> {
  const url = new URL(`https://${box}${path}`);
  const headers = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const request = {
    method,
    headers,
    identity: shown,
    timeoutMs: TIMEOUT_MS,
    signal,
    ...(body === undefined ? {} : { body }),
  };
  const answer = await askPinned(url, { of: 'key', sha256: pin }, request).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw noAnswer(url.origin, pin, cause);
  });
  const text = answer.body.toString('utf8');
  if (answer.status < 300) return { status: answer.status, document: JSON.parse(text) };
  const refusal = refusalText(answer.status, text);
  // A wrong clock waits for a person.
  if (later.includes(answer.status) && !refusal.startsWith('CPIAB-E2505'))
    throw new CpiabError('E5004', { subject: url.origin, args: [refusal] });
  return { status: answer.status, refusal };
}

function refusalText(status: number, text: string): string {
  try {
    const { code, message } = RefusalSchema.parse(JSON.parse(text));
    return `${code} ${message}`;
  } catch {
    return `${status} ${text.trim().slice(0, 200)}`;
  }
}
