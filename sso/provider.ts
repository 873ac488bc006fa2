import type { DatabaseSync } from 'node:sqlite';
import Provider, { type Configuration, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { SqliteAdapter } from './adapter.ts';
import type { Config } from './config.ts';
import { page } from './pages.ts';
import { callbackOf } from './routes.ts';
import type { Keys } from './state.ts';
import type { Users } from './users.ts';

/** The only client: what answers Traefik. */
export const CLIENT = 'forward-auth';

/** Between a request and its answer. */
const MINUTE = 60;
/** For typing a password. */
const TYPING = 10 * MINUTE;

export interface ProviderInputs {
  config: Config;
  keys: Keys;
  database: DatabaseSync;
  users: Users;
}

/** OpenID Connect by oidc-provider, with what the forward authentication needs of it and no more. */
export function openProvider(inputs: ProviderInputs): Provider {
  const provider = new Provider(inputs.config.issuer, {
    ...configurationOf(inputs.config, inputs.keys),
    adapter: (model) => new SqliteAdapter(model, inputs.database),
    interactions: { policy: policyFor(inputs.users) },
    findAccount: async (_, name) =>
      (await inputs.users.has(name))
        ? { accountId: name, claims: () => ({ sub: name, preferred_username: name }) }
        : undefined,
  });
  // Traefik ends TLS, and says of each request what it was.
  provider.proxy = true;
  return provider;
}

const attributes = { httpOnly: true, sameSite: 'lax', secure: true } as const;

/** The prefixes bind a cookie to this host and to TLS (RFC 6265bis, 4.1.3). Those of one login have a path. */
const cookies = {
  names: { session: '__Host-session', interaction: '__Secure-interaction', resume: '__Secure-resume' },
  long: attributes,
  short: attributes,
};

function configurationOf({ hosts, sessionSeconds, recheckSeconds }: Config, keys: Keys): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT,
        client_secret: keys.clientSecret,
        redirect_uris: hosts.map(callbackOf),
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [keys.signing] },
    responseTypes: ['code'],
    scopes: ['openid'],
    claims: { openid: ['sub', 'preferred_username'] },
    cookies: { keys: [keys.cookies], ...cookies },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
    },
    pkce: { required: () => true },
    // Whoever logs out, or is no user any more, is out everywhere at the next check.
    issueRefreshToken: async () => true,
    expiresWithSession: async () => true,
    rotateRefreshToken: false,
    loadExistingGrant,
    renderError,
    ttl: {
      AccessToken: recheckSeconds,
      AuthorizationCode: MINUTE,
      Grant: sessionSeconds,
      IdToken: recheckSeconds,
      Interaction: TYPING,
      RefreshToken: sessionSeconds,
      Session: sessionSeconds,
    },
  };
}

/** Whoever is logged in and no user any more is asked to log in; left to itself, oidc-provider would fail. */
function policyFor(users: Users) {
  const policy = interactionPolicy.base();
  const gone = async ({ oidc: { session } }: KoaContextWithOIDC) =>
    session?.accountId !== undefined && !(await users.has(session.accountId));
  const check = new interactionPolicy.Check('no_user', 'the user is gone', gone);
  policy.get('login')?.checks.add(check);
  return policy;
}

/** The client is the box's own: nobody is asked whether it may know who he is. */
async function loadExistingGrant({ oidc }: KoaContextWithOIDC) {
  const { session, client, provider } = oidc;
  if (session?.accountId === undefined || client === undefined || oidc.account === undefined)
    return undefined;
  const known = session.grantIdFor(client.clientId);
  const grant = known === undefined ? undefined : await provider.Grant.find(known);
  if (grant !== undefined) return grant;
  const fresh = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  fresh.addOIDCScope('openid');
  await fresh.save();
  return fresh;
}

async function logoutSource(ctx: KoaContextWithOIDC, form: string): Promise<void> {
  ctx.body = page.signOut(form);
}

async function postLogoutSuccessSource(ctx: KoaContextWithOIDC): Promise<void> {
  ctx.body = page.said({ title: 'Signed out', text: 'Open an app to sign in again.' });
}

async function renderError(
  ctx: KoaContextWithOIDC,
  out: { error_description?: string | undefined },
): Promise<void> {
  ctx.type = 'html';
  ctx.body = page.said({
    title: 'That did not work',
    text: `Go back to the app and try again. The login says: ${out.error_description ?? 'no more than that'}.`,
  });
}
