import type { IncomingMessage } from 'node:http';
import * as oidc from 'openid-client';
import { ATTEMPT_SECONDS, type Attempt, Attempts } from './attempts.ts';
import type { Config } from './config.ts';
import { clearCookie, cookieNames, cookieOf, setCookie } from './cookies.ts';
import { type Forwarded, forwardedOf } from './forwarded.ts';
import type { Log } from './log.ts';
import { page } from './pages.ts';
import { CLIENT } from './provider.ts';
import { callbackOf, paths } from './routes.ts';
import type { Answer } from './send.ts';
import { Sessions } from './sessions.ts';

/** Client of the provider, discovered at its first use. */
export type Discover = () => Promise<oidc.Configuration>;

/**
 * Asks the provider at its own listener, as Traefik would: the box's name leads nobody here to the box, and no
 * authority has to be known.
 * @param origin of the listener.
 */
export function discoverAt(origin: string, issuer: string, secret: string): Discover {
  const there = new URL(issuer);
  const customFetch: oidc.CustomFetch = (url, { headers, ...options }) =>
    fetch(url.replace(there.origin, origin), {
      ...options,
      headers: { ...headers, 'x-forwarded-proto': 'https', 'x-forwarded-host': there.host },
    } as RequestInit);
  let found: Promise<oidc.Configuration> | null = null;
  return () => {
    found ??= oidc
      .discovery(there, CLIENT, { id_token_signed_response_alg: 'ES256' }, oidc.ClientSecretBasic(secret), {
        [oidc.customFetch]: customFetch,
        execute: [oidc.enableNonRepudiationChecks],
      })
      .catch((error: unknown) => {
        found = null;
        throw error;
      });
    return found;
  };
}

/** Says of each request that Traefik holds whether it may pass. Anything but 2xx is what the browser gets. */
export class ForwardAuth {
  readonly #hosts: ReadonlySet<string>;
  readonly #discover: Discover;
  readonly #log: Log;
  readonly #attempts = new Attempts();
  readonly #sessions: Sessions;
  readonly #sessionSeconds: number;

  constructor(config: Config, discover: Discover, log: Log) {
    this.#hosts = new Set(config.hosts);
    this.#discover = discover;
    this.#log = log;
    this.#sessionSeconds = config.sessionSeconds;
    this.#sessions = new Sessions(config, (token) => this.#stillIn(token));
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const forwarded = forwardedOf(request);
    if (forwarded === null) return { status: 400 };
    if (!this.#hosts.has(forwarded.host)) return unknownHost(forwarded.host);
    const { cookie } = request.headers;
    if (forwarded.url.pathname === paths.callback) return await this.#callback(forwarded, cookie);
    const session = cookieOf(cookie, cookieNames.session);
    if (forwarded.url.pathname === paths.signOut) return await this.#signOut(session);
    const user = await this.#sessions.userOf(session, forwarded.host);
    if (user !== null) return { status: 200, headers: { 'x-forwarded-user': user } };
    return forwarded.navigates ? await this.#begin(forwarded) : { status: 401 };
  }

  async #begin({ host, url }: Forwarded): Promise<Answer> {
    const client = await this.#discover();
    const attempt: Attempt = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
      path: `${url.pathname}${url.search}`,
    };
    const target = oidc.buildAuthorizationUrl(client, {
      redirect_uri: callbackOf(host),
      scope: 'openid',
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    });
    const sealed = await this.#attempts.seal(attempt, host);
    return redirect(target.href, [setCookie(cookieNames.attempt, sealed, ATTEMPT_SECONDS)]);
  }

  async #callback({ host, url }: Forwarded, cookie: string | undefined): Promise<Answer> {
    const attempt = await this.#attempts.open(cookieOf(cookie, cookieNames.attempt), host);
    if (attempt === null) return notBegun();
    const checks = {
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      pkceCodeVerifier: attempt.verifier,
    };
    const client = await this.#discover();
    try {
      const tokens = await oidc.authorizationCodeGrant(client, url, checks);
      const user = tokens.claims()?.sub ?? '';
      const id = this.#sessions.begin(user, host, tokens.refresh_token ?? '');
      const cookies = [
        setCookie(cookieNames.session, id, this.#sessionSeconds),
        clearCookie(cookieNames.attempt),
      ];
      // Never taken for another host: it stands behind this one's.
      return redirect(`https://${host}${attempt.path}`, cookies);
    } catch (error) {
      this.#log({ event: 'callback-refused', problem: String(error) });
      return notBegun();
    }
  }

  /** Ends the session of this host, and asks the person whether to end the login. */
  async #signOut(session: string | undefined): Promise<Answer> {
    this.#sessions.end(session);
    const target = oidc.buildEndSessionUrl(await this.#discover());
    target.search = '';
    return redirect(target.href, [clearCookie(cookieNames.session)]);
  }

  async #stillIn(refreshToken: string): Promise<boolean> {
    const client = await this.#discover();
    try {
      await oidc.refreshTokenGrant(client, refreshToken);
      return true;
    } catch (error) {
      if (error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant') return false;
      throw error;
    }
  }
}

const redirect = (location: string, cookies: string[]): Answer => ({
  status: 302,
  headers: { location, 'set-cookie': cookies, 'cache-control': 'no-store' },
});

function notBegun(): Answer {
  const text = 'This sign-in was not begun in this browser, has been used, or is too old.';
  const link = { to: '/', text: 'Sign in again' };
  return {
    status: 400,
    headers: { 'set-cookie': [clearCookie(cookieNames.attempt)] },
    html: page.said({ title: 'That did not work', text, link }),
  };
}

function unknownHost(host: string): Answer {
  const text = `${host} is not in the list of hosts that the login answers for.`;
  return { status: 403, html: page.said({ title: 'Not allowed', text }) };
}
