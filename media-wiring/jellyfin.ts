import { z } from 'zod';
import { Api } from './api.ts';
import { type Changes, compare } from './change.ts';
import type { Config, Login } from './config.ts';
import { isRefusal, Problem } from './problem.ts';
import type { Secrets } from './secrets.ts';

type Declared = NonNullable<Config['jellyfin']>;

// Source: Jellyfin's OpenAPI description: PublicSystemInfo, AuthenticationResult, ServerConfiguration, VirtualFolderInfo.
const PublicSchema = z.looseObject({ StartupWizardCompleted: z.boolean() });
const AuthenticatedSchema = z.looseObject({ AccessToken: z.string() });
const ConfigurationSchema = z.record(z.string(), z.unknown());
const FoldersSchema = z.array(
  z.looseObject({ Name: z.string(), Locations: z.array(z.string()), CollectionType: z.string().nullish() }),
);

const CONFIGURATION = '/System/Configuration';
const FOLDERS = '/Library/VirtualFolders';

export async function* wireJellyfin(declared: Declared, secrets: Secrets): Changes {
  yield* firstUser(declared, secrets);
  const api = await loggedIn(declared, secrets);
  yield* settings(api, declared, secrets);
  yield* libraries(api, declared);
}

/** Whoever comes first to a Jellyfin that nobody has set up becomes its administrator. */
async function* firstUser({ url, login }: Declared, secrets: Secrets): Changes {
  const api = new Api('jellyfin', url);
  if (PublicSchema.parse(await api.get('/System/Info/Public')).StartupWizardCompleted) return;
  const user = { Name: login.username, Password: secrets.value(login.password.secret) };
  // Makes the user that the next request gives its name.
  await api.get('/Startup/User');
  await api.send('POST', '/Startup/User', user);
  await api.send('POST', '/Startup/Complete');
  yield { action: 'made', what: `user ${login.username}` };
}

/** By where and who: each login is an entry in Jellyfin's list of activities. */
const tokens = new Map<string, string>();

async function loggedIn({ url, login }: Declared, secrets: Secrets): Promise<Api> {
  const place = `${login.username}@${url}`;
  const known = tokens.get(place);
  if (known !== undefined) {
    const api = new Api('jellyfin', url, authorization(known));
    const isTaken = await api.get('/Users/Me').then(
      () => true,
      (error: unknown) => {
        if (isRefusal(error, 401)) return false;
        throw error;
      },
    );
    if (isTaken) return api;
  }
  const token = await authenticate(url, login, secrets);
  tokens.set(place, token);
  return new Api('jellyfin', url, authorization(token));
}

async function authenticate(url: string, { username, password }: Login, secrets: Secrets): Promise<string> {
  const who = { Username: username, Pw: secrets.value(password.secret) };
  const stranger = new Api('jellyfin', url, authorization());
  const answer = await stranger.send('POST', '/Users/AuthenticateByName', who).catch((error: unknown) => {
    if (!isRefusal(error, 401)) throw error;
    const todo = 'put the one that it has into the env file of the site, then `cpiab secrets render`';
    throw new Problem(`does not take the password of ${username}`, {
      ...{ todo, answer: error.answer, cause: error },
    });
  });
  return AuthenticatedSchema.parse(await answer.json()).AccessToken;
}

function authorization(token?: string): Record<string, string> {
  const who = { Client: 'CPiaB', Device: 'media-wiring', DeviceId: 'cpiab-media-wiring', Version: '1' };
  const said = token === undefined ? who : { ...who, Token: token };
  const fields = Object.entries(said).map(([name, value]) => `${name}="${value}"`);
  return { Authorization: `MediaBrowser ${fields.join(', ')}` };
}

async function* settings(api: Api, declared: Declared, secrets: Secrets): Changes {
  const there = ConfigurationSchema.parse(await api.get(CONFIGURATION));
  const { differs } = compare(declared.settings, secrets, (name) => there[name]);
  if (differs.length === 0) return;
  await api.send('POST', CONFIGURATION, { ...there, ...secrets.resolve(declared.settings) });
  yield { action: 'changed', what: 'settings', settings: differs };
}

/** Only adds: what people have watched hangs on a library. */
async function* libraries(api: Api, declared: Declared): Changes {
  const there = FoldersSchema.parse(await api.get(FOLDERS));
  for (const { name, type, paths } of declared.libraries) {
    const has = there.find(({ Name }) => Name === name);
    if (has === undefined) {
      const what = { name, collectionType: type, paths: paths.join(','), refreshLibrary: 'true' };
      await api.send('POST', `${FOLDERS}?${new URLSearchParams(what)}`, {
        LibraryOptions: { Enabled: true },
      });
      yield { action: 'made', what: `library ${name}` };
      continue;
    }
    if (has.CollectionType !== type)
      throw new Problem(`has a library ${name} of type ${has.CollectionType ?? 'mixed'}`, {
        todo: `rename it there, or declare that type here`,
      });
    for (const path of paths.filter((one) => !has.Locations.includes(one))) {
      const added = { Name: name, PathInfo: { Path: path } };
      await api.send('POST', `${FOLDERS}/Paths?refreshLibrary=true`, added);
      yield { action: 'changed', what: `library ${name}`, settings: [`${path} added`] };
    }
  }
}
