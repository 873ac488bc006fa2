import { z } from 'zod';
import { jsonOrNull } from '../../host/json.ts';
import { listApps } from './apps.ts';
import { type Host, hostsThatCount, ofHosts } from './ingress.ts';
import type { Look } from './look.ts';
import { counted, fail, notApplicable, type Outcome, pass } from './outcome.ts';
import { ask, read } from './route-client.ts';

const NONE = 'no route of the site asks for a login';
const LED = new Set([302, 303, 307]);
const DISCOVERY = '/.well-known/openid-configuration';
/** Of a login that has the app's host itself: from the page to where a login begins, and to the login. */
const OWN_HOPS = 2;

/** A login, and hosts of apps that nobody gets past it to. */
interface Guard {
  /** Host where one signs in. */
  login: string;
  /** OpenID providers there. */
  issuers: string[];
  hosts: Host[];
  /** How often somebody may be led on at the app's own host first. */
  ownHops: number;
}

/** Logins that guard something: app `sso` the routes that name its middleware, another one what its own Ingresses have. */
async function guardsOf(look: Look): Promise<Guard[]> {
  const hosts = await hostsThatCount(look);
  const sso = { login: loginOf(look), issuers: [`https://${loginOf(look)}`], ownHops: 0 };
  const own = (await listApps(look)).flatMap(({ app: { name, login } }): Guard[] => {
    if (login === undefined) return [];
    const at = `${login.host}.${look.board.site.network.domain}`;
    const before = hosts.filter((host) => host.namespace === name && host.name !== at);
    const issuers = login.issuers.map((path) => `https://${at}${path}`);
    return [{ login: at, issuers, hosts: before, ownHops: OWN_HOPS }];
  });
  const guarded = hosts.filter(({ isGuarded }) => isGuarded);
  return [{ ...sso, hosts: guarded }, ...own].filter((guard) => guard.hosts.length > 0);
}

/** Somebody who has not logged in is led to where one does, and no app hears of it. */
export async function checkAnonymous(look: Look): Promise<Outcome> {
  const guards = await guardsOf(look);
  if (guards.length === 0) return notApplicable(NONE);
  const hosts = guards.flatMap(({ hosts, ...by }) => hosts.map((host) => ({ ...host, by })));
  const led = ['route led to the login', 'routes led to the login'] as const;
  return await ofHosts(look, hosts, led, async ({ name, path, by }) => {
    const { status, end } = await whereLed(look, new URL(path, `https://${name}`), by.ownHops);
    return end?.origin === `https://${by.login}`
      ? null
      : `answers ${status} to somebody who is not logged in`;
  });
}

/** Goes where a page leads to, for so many hops at its own host. @returns the last answer, and where it leads. */
async function whereLed(
  look: Look,
  page: URL,
  ownHops: number,
): Promise<{ status: number; end: URL | null }> {
  const { host: name, pathname, search } = page;
  const { status, location } = await ask(look, { name, path: `${pathname}${search}`, protocol: 'https' });
  if (!LED.has(status) || location === '') return { status, end: null };
  const end = new URL(location, page);
  return end.origin === page.origin && ownHops > 0 ? await whereLed(look, end, ownHops - 1) : { status, end };
}

/** As much as everybody needs. Source: OpenID Connect Discovery 1.0, section 3. */
const ProviderSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
});
/** Source: RFC 7517, section 5. */
const KeysSchema = z.object({ keys: z.array(z.object({ kty: z.string() })).min(1) });

export async function checkDiscovery(look: Look): Promise<Outcome> {
  const issuers = (await guardsOf(look)).flatMap((guard) => guard.issuers);
  if (issuers.length === 0) return notApplicable(NONE);
  const found = await Promise.all(issuers.map(async (issuer) => await discover(look, issuer)));
  return (
    found.find(({ result }) => result !== 'pass') ?? pass(found.map(({ evidence }) => evidence).join('; '))
  );
}

/** Source: OpenID Connect Discovery 1.0, section 4. */
async function discover(look: Look, issuer: string): Promise<Outcome> {
  const base = issuer.replace(/\/$/, '');
  const name = new URL(issuer).host;
  const document = async (path: string) => jsonOrNull(await read(look, { name, path, protocol: 'https' }));
  const { pathname } = new URL(`${base}${DISCOVERY}`);
  const { data: provider } = ProviderSchema.safeParse(await document(pathname));
  if (provider === undefined) return fail(`${base}${DISCOVERY} names no OpenID provider`);
  if (provider.issuer !== issuer) return fail(`${issuer} says that it is ${provider.issuer}`);
  const keys = new URL(provider.jwks_uri);
  if (keys.host !== name) return fail(`the keys of ${issuer} are at ${keys.host}`);
  const { data: found } = KeysSchema.safeParse(await document(keys.pathname));
  if (found === undefined) return fail(`${keys.href} has no key`);
  return pass(`${issuer} names its endpoints and ${counted(found.keys.length, 'key')}`);
}

/** Of app `sso`, below the site's domain. */
export const loginOf = ({ board }: Look): string => `login.${board.site.network.domain}`;
