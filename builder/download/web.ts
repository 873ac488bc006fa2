import { Agent, request } from 'undici';
import { CpiabError } from '../../contract/errors.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { Site } from '../../contract/site.ts';
import { type Answer, discard, followRedirects, MOST_REDIRECTS } from './redirects.ts';
import { Retryable, retryAfterMs } from './retry.ts';
import { authorities, isUntrusted, readCertificates } from './trust.ts';

const SILENCE_MS = 60_000;
/** What we cannot go on with, and neither can the server: all other answers may be better later. */
const AGAIN = [408, 425, 429];

/** Servers of published files, each with the authorities that the site trusts for it. */
export class Web {
  readonly #site: Site;
  readonly #repository: string;
  readonly #signal: AbortSignal;
  readonly #agents = new Map<string, Agent>();

  /** @param repository absolute path; certificates that the site names lie in it. */
  constructor(site: Site, repository: string, signal: AbortSignal) {
    this.#site = site;
    this.#repository = repository;
    this.#signal = signal;
  }

  /**
   * Asks for a file and follows redirects, but from TLS to nothing else.
   * @returns an answer with status 200, 206 or 416; its body must be read or destroyed.
   * @throws Retryable; CpiabError E3041 refused, E3042 certificate, E3043 redirect.
   */
  async get(address: string, headers: Record<string, string>): Promise<Answer> {
    const { answer } = await followRedirects(new URL(address), headers, {
      ask: async (url, shown) => await this.#send(url, shown, address),
      next: (redirect, from) => next(from, redirect, address),
      endless: () =>
        new CpiabError('E3041', { subject: address, args: [`more than ${MOST_REDIRECTS} redirects`] }),
    });
    return await judged(answer, address);
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.values()) await agent.destroy();
  }

  async #send(url: URL, headers: Record<string, string>, subject: string): Promise<Answer> {
    const dispatcher = await this.#agent(url.host);
    try {
      return await request(url, { headers, dispatcher, signal: this.#signal });
    } catch (cause) {
      this.#signal.throwIfAborted();
      const message = messageOf(cause);
      if (isUntrusted(cause)) throw new CpiabError('E3042', { subject, args: [message], cause });
      throw new Retryable(`${url.host}: ${message}`, { cause });
    }
  }

  async #agent(host: string): Promise<Agent> {
    const known = this.#agents.get(host);
    if (known !== undefined) return known;
    const path = this.#site.servers[host]?.ca;
    const ca = authorities(path === undefined ? undefined : await readCertificates(this.#repository, path));
    const agent = new Agent({ connect: { ca }, headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS });
    this.#agents.set(host, agent);
    return agent;
  }
}

function next(url: URL, { headers }: Answer, subject: string): URL {
  const target = URL.parse(one(headers['location']) ?? '', url);
  const kept = target?.protocol === 'https:' || (target?.protocol === 'http:' && url.protocol === 'http:');
  if (target === null || !kept)
    throw new CpiabError('E3043', { subject, args: [target?.href ?? 'no address'] });
  return target;
}

async function judged(answer: Answer, subject: string): Promise<Answer> {
  const { statusCode, headers } = answer;
  if ([200, 206, 416].includes(statusCode)) return answer;
  await discard(answer);
  const why = `status ${statusCode}`;
  if (statusCode < 500 && !AGAIN.includes(statusCode))
    throw new CpiabError('E3041', { subject, args: [why] });
  throw new Retryable(why, { waitMs: retryAfterMs(one(headers['retry-after']), Date.now()) });
}

const one = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header);
