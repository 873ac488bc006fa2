import type { Dispatcher } from 'undici';

export type Answer = Dispatcher.ResponseData;

/** Real registries redirect once, to a storage or a CDN; browsers stop at 20. */
export const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Passes over a body, so that its connection can be used again. What nobody reads need not come whole. */
export async function discard({ body }: Answer): Promise<void> {
  await body.dump().catch(() => {});
}

/** How one kind of server is asked, and where it may send on to. */
export interface Asking {
  ask(url: URL, headers: Record<string, string>): Promise<Answer>;
  /** Where a redirect leads. @throws for an address that must not be asked. */
  next(answer: Answer, from: URL): URL;
  /** The error of redirects without end. @param last address that one led to. */
  endless(last: URL): Error;
}

/**
 * Asks, and follows redirects; a login stays with the address that it is for.
 * Source: RFC 9110 section 15.4, of which step 3 wants `Authorization` considered.
 * @returns what is answered in the end, and which address did; the body must be read or destroyed.
 */
export async function followRedirects(
  url: URL,
  headers: Record<string, string>,
  { ask, next, endless }: Asking,
): Promise<{ answer: Answer; from: URL }> {
  let from = url;
  let shown = headers;
  for (let followed = 0; followed <= MOST_REDIRECTS; followed++) {
    const answer = await ask(from, shown);
    if (!REDIRECTS.includes(answer.statusCode)) return { answer, from };
    await discard(answer);
    const to = next(answer, from);
    if (to.origin !== from.origin) shown = withoutLogin(shown);
    from = to;
  }
  throw endless(from);
}

function withoutLogin(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
  );
}
