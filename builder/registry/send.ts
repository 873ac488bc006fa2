import { type Dispatcher, request } from 'undici';
import { CpiabError } from '../../contract/errors.ts';
import { isGuarded } from '../../contract/guarded.ts';
import { connectionError } from './connection.ts';

export type Answer = Dispatcher.ResponseData;

/** Passes over a body, so that its connection can be used again. What nobody reads need not come whole. */
export async function discard({ body }: Answer): Promise<void> {
  await body.dump().catch(() => {});
}

/** Through what a request goes, and whom its errors name. */
export interface Line {
  dispatcher: Dispatcher;
  signal: AbortSignal;
  /** Such as `ghcr.io/owner/name`. */
  subject: string;
}

/** Real registries redirect once, to a storage or a CDN; browsers stop at 20. */
const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * One GET. Redirects are followed, and a login stays with the address that it is for.
 * Source: RFC 9110 section 15.4, of which step 3 wants `Authorization` considered.
 * @returns what it answers in the end, and which address did; the body must be read or destroyed.
 * @throws CpiabError E3050 a web page, E3051 redirects without end, E3052 a redirect out of TLS; Retryable.
 */
export async function send(
  url: URL,
  headers: Record<string, string>,
  line: Line,
): Promise<{ answer: Answer; from: URL }> {
  const { dispatcher, signal, subject } = line;
  let to = url;
  let shown = headers;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answer = await request(to, { headers: shown, dispatcher, signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw connectionError(cause, to);
    });
    if (!REDIRECTS.includes(answer.statusCode)) {
      await rejectPage(answer, to, subject);
      return { answer, from: to };
    }
    await discard(answer);
    const next = nextAddress(answer, to, subject);
    if (next.origin !== to.origin) shown = withoutLogin(shown);
    to = next;
  }
  throw new CpiabError('E3051', { subject, args: [String(MOST_REDIRECTS), to.host] });
}

function nextAddress({ statusCode, headers }: Answer, from: URL, subject: string): URL {
  const next = headers['location'] === undefined ? null : URL.parse(String(headers['location']), from);
  if (next === null)
    throw new CpiabError('E3017', { subject, args: [`status ${statusCode} that leads nowhere`] });
  if (!isGuarded(next)) throw new CpiabError('E3052', { subject, args: [`${next.protocol}//${next.host}`] });
  return next;
}

function withoutLogin(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
  );
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
