import { z } from 'zod';
import type { Api } from './api.ts';
import type { Changes } from './change.ts';
import type { Config } from './config.ts';
import { isRefusal, Problem } from './problem.ts';
import type { Secrets } from './secrets.ts';

type Jellyfin = NonNullable<NonNullable<Config['seerr']>['jellyfin']>;

// Source: Seerr's seerr-api.yml, and MediaServerType in its server/constants/server.ts.
const PublicSchema = z.looseObject({ initialized: z.boolean() });
const LibrariesSchema = z.array(z.looseObject({ id: z.string(), name: z.string(), enabled: z.boolean() }));
const JELLYFIN = 2;
const LIBRARIES = '/api/v1/settings/jellyfin/library';

/**
 * Sets up a Seerr that nobody has: its first user is Jellyfin's, and it knows Jellyfin's libraries. Cut off at any moment,
 * the next pass goes on. @throws Problem `waiting` where no user is declared.
 */
export async function* setUpSeerr(api: Api, declared: Jellyfin | undefined, secrets: Secrets): Changes {
  if (PublicSchema.parse(await api.get('/api/v1/settings/public')).initialized) return;
  if (!(await hasUser(api))) {
    if (declared === undefined) throw waitsForPerson();
    await logIn(api, declared, secrets);
    yield { action: 'made', what: `user ${declared.login.username}` };
  }
  // Who began by hand ends by hand.
  if (declared === undefined) return;
  for (const name of await enable(api, declared.libraries)) yield { action: 'made', what: `library ${name}` };
  await api.send('POST', '/api/v1/settings/initialize');
}

/** Seerr does what its API asks in the name of its first user, and nothing before there is one. */
async function hasUser(api: Api): Promise<boolean> {
  return await api.get('/api/v1/settings/main').then(
    () => true,
    (error: unknown) => {
      if (isRefusal(error, 403)) return false;
      throw error;
    },
  );
}

const waitsForPerson = () =>
  new Problem('has no user yet', {
    state: 'waiting',
    todo: 'open it and log in with an account of Jellyfin; the rest follows within five minutes',
  });

async function logIn(api: Api, { url, login }: Jellyfin, secrets: Secrets): Promise<void> {
  const { hostname, port, protocol, pathname } = new URL(url);
  const useSsl = protocol === 'https:';
  await api.send('POST', '/api/v1/auth/jellyfin', {
    ...{ username: login.username, password: secrets.value(login.password.secret) },
    ...{ hostname, port: Number(port) || (useSsl ? 443 : 80), useSsl },
    ...{ urlBase: pathname.replace(/\/$/, ''), email: login.username, serverType: JELLYFIN },
  });
}

/** @returns names of the libraries that it did not look at before. */
async function enable(api: Api, names: readonly string[]): Promise<string[]> {
  const synced = await sync(api);
  const there = LibrariesSchema.parse(synced ?? (await api.get(`${LIBRARIES}?sync=true`)));
  const wanted = names.map((name) => there.find((one) => one.name === name) ?? missing(name));
  const hidden = wanted.filter(({ enabled }) => !enabled);
  if (synced === null) await api.get(`${LIBRARIES}?enable=${wanted.map(({ id }) => id).join(',')}`);
  else for (const { id } of hidden) await api.send('PUT', `${LIBRARIES}/${id}`, { enabled: true });
  return hidden.map(({ name }) => name);
}

/** @returns null from a Seerr of before August 2026, which did so when it was asked by GET; source: its pull request 3321. */
async function sync(api: Api): Promise<unknown> {
  try {
    return await (await api.send('POST', `${LIBRARIES}/sync`)).json();
  } catch (error) {
    if (isRefusal(error, 404, 405)) return null;
    throw error;
  }
}

function missing(name: string): never {
  throw new Problem(`does not find library ${name} in Jellyfin`, {
    state: 'waiting',
    todo: 'see whether Jellyfin has it',
  });
}
