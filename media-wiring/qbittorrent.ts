import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { Api } from './api.ts';
import { type Changes, compare } from './change.ts';
import type { Config } from './config.ts';
import { isRefusal, Problem } from './problem.ts';
import type { Secrets } from './secrets.ts';

type Declared = NonNullable<Config['qbittorrent']>;

// Source: qBittorrent's wiki, WebUI API (qBittorrent 5.0).
const PreferencesSchema = z.record(z.string(), z.unknown());
const CategoriesSchema = z.record(z.string(), z.looseObject({ savePath: z.string() }));

export async function* wireQbittorrent(declared: Declared, secrets: Secrets): Changes {
  const api = new Api('qbittorrent', declared.url);
  yield* preferences(api, declared, secrets);
  yield* categories(api, declared);
  yield* login(api, declared, secrets);
}

async function* preferences(api: Api, declared: Declared, secrets: Secrets): Changes {
  const there = PreferencesSchema.parse(await api.get('/api/v2/app/preferences'));
  const unknown = Object.keys(declared.preferences).filter((name) => !(name in there));
  if (unknown.length > 0) {
    throw new Problem(`has no preference ${unknown.join(', ')}`, { todo: 'take it out of the config' });
  }
  const { differs } = compare(declared.preferences, secrets, (name) => there[name]);
  if (differs.length === 0) return;
  await setPreferences(api, declared.preferences);
  yield { action: 'changed', what: 'preferences', settings: differs };
}

const setPreferences = (api: Api, values: object) =>
  api.form('/api/v2/app/setPreferences', { json: JSON.stringify(values) });

async function* categories(api: Api, declared: Declared): Changes {
  const there = CategoriesSchema.parse(await api.get('/api/v2/torrents/categories'));
  for (const [category, savePath] of Object.entries(declared.categories)) {
    const has = there[category]?.savePath;
    if (has === savePath) continue;
    const verb = has === undefined ? 'createCategory' : 'editCategory';
    await api.form(`/api/v2/torrents/${verb}`, { category, savePath });
    const what = `category ${category}`;
    yield has === undefined
      ? { action: 'made', what }
      : { action: 'changed', what, settings: [`savePath: ${has || '""'} → ${savePath}`] };
  }
}

/** It tells no password: whether it has the declared one shows where it asks for it, at an address other than loopback. */
async function* login(api: Api, { url, login: declared }: Declared, secrets: Secrets): Changes {
  if (declared === undefined || !secrets.has(declared.password.secret)) return;
  const { username } = declared;
  const password = secrets.value(declared.password.secret);
  const outside = new Api('qbittorrent', outsideOf(url));
  const answer = await outside.form('/api/v2/auth/login', { username, password }).catch((error: unknown) => {
    // From 5.2 on a wrong password is a 401; 5.1 says `Fails.`
    if (isRefusal(error, 401)) return null;
    throw error;
  });
  if (answer !== null && (await answer.text()) !== 'Fails.') return;
  await setPreferences(api, { web_ui_username: username, web_ui_password: password });
  yield { action: 'changed', what: 'login', settings: ['password (hidden)'] };
}

/** The same port at an address of this pod that is not loopback. */
function outsideOf(url: string): string {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const address = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (address === undefined)
    throw new Problem('this pod has no address yet', { state: 'waiting', todo: 'nothing' });
  const outside = new URL(url);
  outside.hostname = address;
  return outside.origin;
}
