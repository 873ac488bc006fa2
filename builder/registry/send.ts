import { type Dispatcher, request } from 'undici';
import { CpiabError } from '../../contract/errors.ts';
import { isGuarded } from '../../contract/guarded.ts';
import { type Answer, discard, followRedirects, MOST_REDIRECTS } from '../download/redirects.ts';
import { connectionError } from './connection.ts';

/** Through what a request goes, and whom its errors name. */
export interface Line {
  dispatcher: Dispatcher;
  signal: AbortSignal;
  /** Such as `ghcr.io/owner/name`. */
  subject: string;
}

/**
 * One GET, with redirects followed.
 * @returns what it answers in the end, and which address did; the body must be read or destroyed.
 * @throws CpiabError E3050 a web page, E3051 redirects without end, E3052 a redirect out of TLS; Retryable.
 */
export async function send(
  url: URL,
  headers: Record<string, string>,
  line: Line,
): Promise<{ answer: Answer; from: URL }> {
  const { dispatcher, signal, subject } = line;
  const found = await followRedirects(url, headers, {
    ask: async (to, shown) =>
      await request(to, { headers: shown, dispatcher, signal }).catch((cause: unknown) => {
        signal.throwIfAborted();
        throw connectionError(cause, to);
      }),
    next: (answer, from) => nextAddress(answer, from, subject),
    endless: ({ host }) => new CpiabError('E3051', { subject, args: [String(MOST_REDIRECTS), host] }),
  });
  await rejectPage(found.answer, found.from, subject);
  return found;
}

function nextAddress({ statusCode, headers }: Answer, from: URL, subject: string): URL {
  const next = headers['location'] === undefined ? null : URL.parse(String(headers['location']), from);
  if (next === null)
    throw new CpiabError('E3017', { subject, args: [`status ${statusCode} that leads nowhere`] });
  if (!isGuarded(next)) throw new CpiabError('E3052', { subject, args: [`${next.protocol}//${next.host}`] });
  return next;
}

/** Registries speak JSON and bytes. A page for people comes from something in between, such as a captive portal. */
async function rejectPage(answer: Answer, from: URL, subject: string): Promise<void> {
  const { statusCode, headers } = answer;
  const page = statusCode < 300 && /^text\/html\b/i.test(String(headers['content-type'] ?? ''));
  // Source: RFC 6585 section 6, network authentication required.
  if (!page && statusCode !== 511) return;
  await discard(answer);
  throw new CpiabError('E3050', { subject, args: [from.host] });
}
