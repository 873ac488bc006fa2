import { z } from 'zod';
import { jsonOrNull } from '../../host/json.ts';
import { hostsThatCount, ofHosts } from './ingress.ts';
import type { Look } from './look.ts';
import { counted, fail, notApplicable, type Outcome, pass } from './outcome.ts';
import { ask, read } from './route-client.ts';

const NONE = 'no route of the site asks for a login';
const DISCOVERY = '/.well-known/openid-configuration';

/** Somebody who has not logged in is led to where one does, and no app hears of it. */
export async function checkAnonymous(look: Look): Promise<Outcome> {
  const guarded = (await hostsThatCount(look)).filter(({ isGuarded }) => isGuarded);
  if (guarded.length === 0) return notApplicable(NONE);
  const login = loginOf(look);
  const led = ['route led to the login', 'routes led to the login'] as const;
  return await ofHosts(look, guarded, led, async ({ name, path }) => {
    const { status, location } = await ask(look, { name, path, protocol: 'https' });
    const isLed = [302, 303, 307].includes(status) && location.startsWith(`https://${login}/`);
    return isLed ? null : `answers ${status} to somebody who is not logged in`;
  });
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
  const guarded = (await hostsThatCount(look)).filter(({ isGuarded }) => isGuarded);
  if (guarded.length === 0) return notApplicable(NONE);
  const name = loginOf(look);
  const document = async (path: string) => jsonOrNull(await read(look, { name, path, protocol: 'https' }));
  const { data: provider } = ProviderSchema.safeParse(await document(DISCOVERY));
  if (provider === undefined) return fail(`https://${name}${DISCOVERY} names no OpenID provider`);
  if (provider.issuer !== `https://${name}`)
    return fail(`https://${name} says that it is ${provider.issuer}`);
  const keys = new URL(provider.jwks_uri);
  if (keys.host !== name) return fail(`the keys of https://${name} are at ${keys.host}`);
  const { data: found } = KeysSchema.safeParse(await document(keys.pathname));
  if (found === undefined) return fail(`${keys.href} has no key`);
  return pass(`https://${name} names its endpoints and ${counted(found.keys.length, 'key')}`);
}

/** Below the site's domain, as app `sso` has it. */
export const loginOf = ({ board }: Look): string => `login.${board.site.network.domain}`;
