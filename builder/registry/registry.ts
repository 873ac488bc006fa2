import { Agent, type Dispatcher } from 'undici';
import { CpiabError } from '../../contract/errors.ts';
import { type Answer, discard } from '../download/redirects.ts';
import { Retryable, type RetryOptions, retryAfterMs, withRetries } from '../download/retry.ts';
import { authorities } from '../download/trust.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credentials } from './credential-helper.ts';
import { readDocument } from './document.ts';
import { send } from './send.ts';
import { basic, fetchToken, type Token } from './token.ts';

/** How to reach a registry. */
export interface RegistryOptions {
  /** Addresses to ask in order, mirrors first; repository names follow after `/v2/`. */
  bases: URL[];
  /** PEM certificates to trust besides the system's. */
  ca?: string;
  /** What to show where one is asked for. */
  credentials: (base: URL) => Promise<Credentials | null>;
  signal: AbortSignal;
  retry?: Pick<RetryOptions, 'pauses' | 'random'>;
  /** Milliseconds without a byte after which a connection is given up; a minute unless told. */
  silenceMs?: number;
}

/** Connections to one address. */
const CONNECTIONS = 8;
const SILENCE_MS = 60_000;
/** Until a connection with TLS is there. */
const CONNECT_MS = 10_000;
/** Before its end, so that a token doesn't expire under way. */
const TOKEN_MARGIN_MS = 5000;

/** One registry, read-only. Source: OCI Distribution Specification 1.1. */
export class Registry {
  readonly host: string;
  readonly #options: RegistryOptions;
  readonly #agent: Dispatcher;
  /** By address and repository: what was shown last and was good. */
  readonly #tokens = new Map<string, Token>();

  constructor(host: string, options: RegistryOptions) {
    this.host = host;
    this.#options = options;
    const { silenceMs = SILENCE_MS } = options;
    this.#agent = new Agent({
      connections: CONNECTIONS,
      connect: { ca: authorities(options.ca), timeout: Math.min(silenceMs, CONNECT_MS) },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    });
  }

  /**
   * Asks the registry's addresses one after the other, each with new tries.
   * @param path below `/v2/<repository>/`.
   * @returns an answer with status 200 or 206; its body must be read or destroyed.
   * @throws CpiabError E3011 no answer, E3012 refused, E3013 too many requests, E3014 not there, E3018 and E3063…E3065
   *   no trust; what `send` throws.
   */
  async get(repository: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.#get({ repository, path, headers, decisive: [] }, async (answer) => answer);
  }

  /**
   * A small document whole, with its head; else as `get`.
   * @param asked with `decisive`, codes that end it at the first address: what a mirror says so is believed.
   * @throws CpiabError E3061 too large.
   */
  async document(
    repository: string,
    path: string,
    { limit, decisive = [], ...headers }: { limit: number; accept?: string; decisive?: readonly string[] },
  ): Promise<{ bytes: Buffer; headers: Answer['headers'] }> {
    const limits = { subject: `${this.host}/${repository}/${path}`, limit, ms: this.#options.silenceMs };
    const read = async (answer: Answer) => ({
      bytes: await readDocument(answer, limits),
      headers: answer.headers,
    });
    return await this.#get({ repository, path, headers, decisive }, read);
  }

  async #get<Result>(
    { repository, path, headers, decisive }: Asked,
    read: (answer: Answer) => Promise<Result>,
  ): Promise<Result> {
    const { bases, signal, retry } = this.#options;
    const subject = `${this.host}/${repository}`;
    const ask = async (base: URL) => await read(await this.#ask(base, repository, path, headers));
    let last: unknown;
    for (const base of bases) {
      try {
        return await withRetries(() => ask(base), { ...retry, signal });
      } catch (error) {
        signal.throwIfAborted();
        last = error;
        if (error instanceof CpiabError && decisive.includes(error.code)) break;
      }
    }
    throw last instanceof Retryable ? giveUp(last, subject) : last;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(base: URL, repository: string, path: string, headers: Record<string, string>): Promise<Answer> {
    const url = new URL(`v2/${repository}/${path}`, base);
    const shown = this.#remembered(base, repository);
    const line = {
      dispatcher: this.#agent,
      signal: this.#options.signal,
      subject: `${this.host}/${repository}`,
    };
    const { answer, from } = await send(url, { ...headers, ...shown }, line);
    // A login is for the registry's own address: whoever it redirects to gets none, nor names who else gets it.
    if (answer.statusCode !== 401 || from.origin !== base.origin) return this.#judge(answer, repository);
    await discard(answer);
    const authorization = await this.#answer(answer, base, repository);
    return this.#judge((await send(url, { ...headers, authorization }, line)).answer, repository);
  }

  #remembered(base: URL, repository: string): Record<string, string> {
    const token = this.#tokens.get(`${base.href} ${repository}`);
    const fresh = token !== undefined && token.expires - TOKEN_MARGIN_MS > Date.now();
    return fresh ? { authorization: token.value } : {};
  }

  /** What the registry wants to see. Kept for the next request. */
  async #answer(answer: Answer, base: URL, repository: string): Promise<string> {
    const { credentials, signal } = this.#options;
    const challenges = parseChallenges(String(answer.headers['www-authenticate'] ?? ''));
    const known = await credentials(base);
    const found = await this.#respond(challenges, known, { repository, signal });
    this.#tokens.set(`${base.href} ${repository}`, found);
    return found.value;
  }

  async #respond(
    challenges: Challenge[],
    credentials: Credentials | null,
    { repository, signal }: { repository: string; signal: AbortSignal },
  ): Promise<Token> {
    const registry = this.host;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      const scope = `repository:${repository}:pull`;
      const dispatcher = this.#agent;
      const now = Date.now();
      const token = await fetchToken({
        registry,
        challenge: bearer,
        scope,
        credentials,
        dispatcher,
        signal,
        now,
        silenceMs: this.#options.silenceMs,
      });
      return { ...token, value: `Bearer ${token.value}` };
    }
    if (
      challenges.some(({ scheme }) => scheme === 'basic') &&
      credentials !== null &&
      'user' in credentials
    ) {
      return { value: basic(credentials), expires: Number.POSITIVE_INFINITY };
    }
    throw new CpiabError('E3012', {
      subject: `${registry}/${repository}`,
      args: [credentials === null ? 'it wants a login' : 'it wants another kind of login'],
    });
  }

  async #judge(answer: Answer, repository: string): Promise<Answer> {
    const { statusCode, headers } = answer;
    if (statusCode === 200 || statusCode === 206) return answer;
    await discard(answer);
    const subject = `${this.host}/${repository}`;
    if (statusCode === 404) throw new CpiabError('E3014', { subject });
    if (statusCode === 401 || statusCode === 403)
      throw new CpiabError('E3012', { subject, args: [`status ${statusCode}`] });
    const waitMs = retryAfterMs(one(headers['retry-after']), Date.now());
    if (statusCode === 429) throw new TooMany('status 429', { waitMs });
    if (statusCode >= 500 || statusCode === 408) throw new Retryable(`status ${statusCode}`, { waitMs });
    throw new CpiabError('E3017', { subject, args: [`status ${statusCode}`] });
  }
}

interface Asked {
  repository: string;
  path: string;
  headers: Record<string, string>;
  decisive: readonly string[];
}

class TooMany extends Retryable {}

function giveUp(last: Retryable, subject: string): CpiabError {
  if (last instanceof TooMany) return new CpiabError('E3013', { subject, cause: last });
  return new CpiabError('E3011', { subject, args: [last.message], cause: last });
}

const one = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header);
