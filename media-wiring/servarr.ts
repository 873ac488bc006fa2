import { z } from 'zod';
import { Api } from './api.ts';
import { type Changes, compare } from './change.ts';
import type { Config, Library, Settings } from './config.ts';
import { wireProviders } from './providers.ts';
import type { Secrets } from './secrets.ts';

// Source: the OpenAPI descriptions of Sonarr and Radarr: RootFolderResource, MediaManagementConfigResource.
const RootFoldersSchema = z.array(z.looseObject({ path: z.string() }));
const MediaManagementSchema = z.looseObject({ id: z.int() });

/** Sonarr and Radarr: their APIs are one here. */
export async function* wireLibrary(app: 'sonarr' | 'radarr', declared: Library, secrets: Secrets): Changes {
  const api = new Api(app, declared.url, secrets.value(declared.apiKey.secret));
  const clients = { title: 'download client', path: '/api/v3/downloadclient' };
  yield* rootFolders(api, declared.rootFolders);
  yield* mediaManagement(api, declared.mediaManagement, secrets);
  yield* wireProviders(api, clients, declared.downloadClients, secrets);
}

type Prowlarr = NonNullable<Config['prowlarr']>;

export async function* wireProwlarr(declared: Prowlarr, secrets: Secrets): Changes {
  const api = new Api('prowlarr', declared.url, secrets.value(declared.apiKey.secret));
  const applications = { title: 'application', path: '/api/v1/applications' };
  const clients = { title: 'download client', path: '/api/v1/downloadclient' };
  yield* wireProviders(api, applications, declared.applications, secrets);
  yield* wireProviders(api, clients, declared.downloadClients, secrets);
}

/** Only adds: series and films hang on a root folder. */
async function* rootFolders(api: Api, declared: readonly string[]): Changes {
  const there = RootFoldersSchema.parse(await api.get('/api/v3/rootfolder'));
  const paths = new Set(there.map(({ path }) => path.replace(/(.)\/+$/, '$1')));
  for (const path of declared.filter((one) => !paths.has(one))) {
    await api.send('POST', '/api/v3/rootfolder', { path });
    yield { action: 'made', what: `root folder ${path}` };
  }
}

async function* mediaManagement(api: Api, declared: Settings, secrets: Secrets): Changes {
  const path = '/api/v3/config/mediamanagement';
  const there = MediaManagementSchema.parse(await api.get(path));
  const { differs } = compare(declared, secrets, (key) => there[key]);
  if (differs.length === 0) return;
  await api.send('PUT', `${path}/${there.id}`, { ...there, ...secrets.resolve(declared) });
  yield { action: 'changed', what: 'media management', settings: differs };
}
