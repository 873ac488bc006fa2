import { z } from 'zod';
import { Api } from './api.ts';
import { type Change, type Changes, compare } from './change.ts';
import type { Config, Settings } from './config.ts';
import { Problem } from './problem.ts';
import { MARK } from './providers.ts';
import type { Secrets } from './secrets.ts';
import { setUpSeerr } from './seerr-setup.ts';

type Declared = NonNullable<Config['seerr']>;
type Server = Declared['sonarr'][number];

// Source: Seerr's seerr-api.yml: SonarrSettings, RadarrSettings, `/settings/sonarr/test`.
const ServersSchema = z.array(z.looseObject({ id: z.int(), name: z.string() }));
const TestedSchema = z.looseObject({ profiles: z.array(z.looseObject({ id: z.int(), name: z.string() })) });

export async function* wireSeerr(declared: Declared, secrets: Secrets): Changes {
  const api = new Api('seerr', declared.url, secrets.value(declared.apiKey.secret));
  yield* setUpSeerr(api, declared.jellyfin, secrets);
  yield* servers(api, 'sonarr', declared.sonarr, secrets);
  yield* servers(api, 'radarr', declared.radarr, secrets);
}

async function* servers(
  api: Api,
  kind: 'sonarr' | 'radarr',
  declared: readonly Server[],
  secrets: Secrets,
): Changes {
  const path = `/api/v1/settings/${kind}`;
  const there = ServersSchema.parse(await api.get(path));
  for (const server of declared) {
    const settings = { ...server.settings, ...(await profile(api, path, server, secrets)) };
    const has = there.find(({ name }) => name === server.name + MARK);
    const change = await keep(api, path, { name: server.name + MARK, settings }, has, secrets);
    if (change !== null) yield change;
  }
  const names = new Set(declared.map(({ name }) => name + MARK));
  for (const { id, name } of there.filter((one) => one.name.endsWith(MARK) && !names.has(one.name))) {
    await api.send('DELETE', `${path}/${id}`);
    yield { action: 'removed', what: `server ${name}` };
  }
}

async function keep(
  api: Api,
  path: string,
  declared: { name: string; settings: Settings },
  has: z.infer<typeof ServersSchema>[number] | undefined,
  secrets: Secrets,
): Promise<Change | null> {
  const { name } = declared;
  const settings = secrets.resolve(declared.settings);
  if (has === undefined) {
    await api.send('POST', path, { ...settings, name });
    return { action: 'made', what: `server ${name}` };
  }
  const { differs } = compare(declared.settings, secrets, (key) => has[key]);
  if (differs.length === 0) return null;
  // It refuses an id in the body: read-only.
  const { id, ...rest } = has;
  await api.send('PUT', `${path}/${id}`, { ...rest, ...settings, name });
  return { action: 'changed', what: `server ${name}`, settings: differs };
}

/** A quality profile's number, by its name: Seerr asks the server, which also shows that the two get on. */
async function profile(api: Api, path: string, server: Server, secrets: Secrets): Promise<Settings> {
  const { hostname = null, port = null, useSsl = false, apiKey = null } = secrets.resolve(server.settings);
  const tested = await api.send('POST', `${path}/test`, { hostname, port, useSsl, apiKey });
  const { profiles } = TestedSchema.parse(await tested.json());
  const found = profiles.find(({ name }) => name === server.profile);
  if (found === undefined) {
    const known = profiles.map(({ name }) => name).join(', ');
    throw new Problem(`${server.name} has no quality profile ${server.profile}`, {
      todo: `take one of ${known}`,
    });
  }
  return { activeProfileId: found.id, activeProfileName: found.name };
}
