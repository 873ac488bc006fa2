import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { isGuarded } from '../../contract/guarded.ts';
import { jsonOrNull } from '../../host/json.ts';
import { Retryable } from '../download/retry.ts';
import type { Challenge } from './challenge.ts';
import { connectionError } from './connection.ts';
import type { Credentials } from './credential-helper.ts';
import { LARGEST_ANSWER, readDocument } from './document.ts';

/** What may stand in a header after `Bearer`. Source: RFC 6750 section 2.1. */
const TOKEN = /^[\w.~+/=-]+$/;

const AnswerSchema = z
  .looseObject({
    token: z.string().optional(),
    access_token: z.string().optional(),
    /** Seconds. */
    expires_in: z.number().optional(),
  })
  .transform(({ token, access_token, expires_in = 60 }) => ({
    token: token ?? access_token ?? '',
    expires_in,
  }))
  .refine(({ token }) => TOKEN.test(token));

export interface Token {
  value: string;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** Who asks for a token, and through what. */
export interface TokenRequest {
  registry: string;
  challenge: Challenge;
  /** Such as `repository:library/busybox:pull`. */
  scope: string;
  credentials: Credentials | null;
  dispatcher: Dispatcher;
  signal: AbortSignal;
  now: number;
  /** Milliseconds for the whole answer. */
  silenceMs?: number | undefined;
}

/**
 * Gets a bearer token from the server that a registry names.
 * Source: distribution's token authentication, and its OAuth 2 form for identity tokens.
 * @throws CpiabError E3012 when it gives none, E3053 for what is no token, E3061 for what is too large.
 */
export async function fetchToken(asked: TokenRequest): Promise<Token> {
  const { registry, dispatcher, signal } = asked;
  const { url, ...form } = formOf(asked);
  const answer = await request(url, { ...form, dispatcher, signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw connectionError(cause, url);
  });
  const bytes = await readDocument(answer, { subject: url.host, limit: LARGEST_ANSWER, ms: asked.silenceMs });
  const { statusCode } = answer;
  if (statusCode >= 500 || statusCode === 429) throw new Retryable(`${url.host} answered ${statusCode}`);
  if (statusCode >= 400)
    throw new CpiabError('E3012', {
      subject: registry,
      args: [`${url.host} gives no token: status ${statusCode}`],
    });
  const parsed = AnswerSchema.safeParse(jsonOrNull(bytes));
  if (statusCode !== 200) throw garbage(asked, url, `status ${statusCode}`);
  if (!parsed.success) throw garbage(asked, url, 'neither token nor access_token');
  return { value: parsed.data.token, expires: asked.now + parsed.data.expires_in * 1000 };
}

/** Tokens come from where the registry says, not from where that leads on: a login would go along. */
function garbage({ registry }: TokenRequest, { host }: URL, what: string): CpiabError {
  return new CpiabError('E3053', { subject: registry, args: [host, what] });
}

function formOf({ registry, challenge, scope, credentials }: TokenRequest) {
  const { realm = '', service = '' } = challenge.parameters;
  const url = URL.parse(realm);
  // A password goes over TLS, or not beyond this machine.
  if (url === null || !isGuarded(url))
    throw new CpiabError('E3017', { subject: registry, args: [`its token server is at ${realm}`] });
  if (credentials !== null && 'identityToken' in credentials) {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.identityToken,
      client_id: 'cpiab',
      service,
      scope,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url, method: 'POST', body: body.toString(), headers } as const;
  }
  if (service !== '') url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const headers: Record<string, string> = credentials === null ? {} : { authorization: basic(credentials) };
  return { url, method: 'GET', headers } as const;
}

/** Source: RFC 7617. */
export function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
