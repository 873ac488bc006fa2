import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { isGuarded } from '../../contract/guarded.ts';
import type { Challenge } from './challenge.ts';
import { connectionError } from './connection.ts';
import type { Credentials } from './credential-helper.ts';
import { Retryable } from './retry.ts';

const AnswerSchema = z
  .looseObject({
    token: z.string().optional(),
    access_token: z.string().optional(),
    /** Seconds. */
    expires_in: z.number().optional(),
  })
  .transform(({ token, access_token, expires_in = 60 }) => ({ token: token ?? access_token, expires_in }));

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
}

/**
 * Gets a bearer token from the server that a registry names.
 * Source: distribution's token authentication, and its OAuth 2 form for identity tokens.
 * @throws CpiabError E3012 when it gives none.
 */
export async function fetchToken(asked: TokenRequest): Promise<Token> {
  const { registry, dispatcher, signal } = asked;
  const { url, ...form } = formOf(asked);
  const answer = await request(url, { ...form, dispatcher, signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw connectionError(cause, url);
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 500 || answer.statusCode === 429)
    throw new Retryable(`${url.host} answered ${answer.statusCode}`);
  const parsed = AnswerSchema.safeParse(jsonOrNull(text));
  if (answer.statusCode !== 200 || !parsed.success || parsed.data.token === undefined) {
    throw new CpiabError('E3012', {
      subject: registry,
      args: [`${url.host} gives no token: status ${answer.statusCode}`],
    });
  }
  return { value: parsed.data.token, expires: asked.now + parsed.data.expires_in * 1000 };
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

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
