import { z } from 'zod';
import { type Asked, asks, HouseApp, type Names, notFound, type Told } from './house.ts';

// Facts of Seerr's seerr-api.yml: what SonarrSettings and RadarrSettings require. Its validator refuses the read-only id.
const server = {
  name: z.string(),
  hostname: z.string(),
  port: z.number(),
  apiKey: z.string(),
  useSsl: z.boolean(),
  activeProfileId: z.number(),
  activeProfileName: z.string(),
  activeDirectory: z.string(),
  is4k: z.boolean(),
  isDefault: z.boolean(),
  id: z.never().optional(),
};
const ServerSchemas = {
  sonarr: z.looseObject({ ...server, enableSeasonFolders: z.boolean() }),
  radarr: z.looseObject({ ...server, minimumAvailability: z.string() }),
};
const TestSchema = z.looseObject({
  hostname: z.string(),
  port: z.number(),
  apiKey: z.string(),
  useSsl: z.boolean(),
});

type Kind = keyof typeof ServerSchemas;
const forbidden = 'You do not have permission to access this endpoint';

const LoginSchema = z.strictObject({
  username: z.string(),
  password: z.string(),
  hostname: z.string(),
  port: z.number(),
  useSsl: z.literal(false),
  urlBase: z.literal(''),
  email: z.string(),
  serverType: z.literal(2),
});
const FoldersSchema = z.array(z.looseObject({ Name: z.string(), ItemId: z.string() }));
const library = /^\/api\/v1\/settings\/jellyfin\/library/;

interface Library {
  id: string;
  name: string;
  enabled: boolean;
}

export class Seerr extends HouseApp {
  readonly servers: Record<Kind, { id: number; name: string; port?: number }[]> = { sonarr: [], radarr: [] };
  /** Whether somebody has logged in. */
  hasUser = false;
  isInitialized = false;
  libraries: Library[] = [];
  /** Before August 2026 libraries were changed by GET. */
  isOld = false;
  /** Of Jellyfin, and a token for it. */
  #jellyfin = { url: '', token: '' };
  readonly #names: Names;

  constructor(key: string, names: Names) {
    const refused = { status: 403, body: { status: 403, error: forbidden } };
    super(key, (asked) => this.#told(asked, refused), refused, [
      '/api/v1/settings/public',
      '/api/v1/auth/jellyfin',
    ]);
    this.#names = names;
  }

  async #told(asked: Asked, refused: Told): Promise<Told> {
    if (asked.path === '/api/v1/settings/public')
      return { status: 200, body: { initialized: this.isInitialized } };
    if (asked.path === '/api/v1/auth/jellyfin') return await this.#logIn(asked);
    // It acts for its first user.
    return this.hasUser ? await this.#settings(asked) : refused;
  }

  async #settings(asked: Asked): Promise<Told> {
    if (asked.path === '/api/v1/settings/main') return { status: 200, body: { apiKey: this.key } };
    if (asked.path === '/api/v1/settings/initialize') return this.#initialize();
    if (library.test(asked.path))
      return this.isOld ? await this.#oldLibrary(asked) : await this.#library(asked);
    const [, kind, rest = ''] = /^\/api\/v1\/settings\/(sonarr|radarr)(.*)$/.exec(asked.path) ?? [];
    if (kind !== 'sonarr' && kind !== 'radarr') return notFound;
    if (asked.method === 'GET') return { status: 200, body: this.servers[kind] };
    return rest === '/test' ? await this.#test(asked) : this.#save(kind, asked, Number(rest.slice(1)));
  }

  #initialize(): Told {
    this.isInitialized = true;
    return { status: 200, body: {} };
  }

  /** As a person does it at the first start: it asks Jellyfin who that is. */
  async #logIn({ body }: Asked): Promise<Told> {
    const { username, password, hostname, port } = LoginSchema.parse(JSON.parse(body));
    const url = this.#names.get(`${hostname}:${port}`) ?? '';
    const answer = await fetch(`${url}/Users/AuthenticateByName`, {
      method: 'POST',
      body: JSON.stringify({ Username: username, Pw: password }),
    }).catch(() => null);
    if (!answer?.ok) return { status: 401, body: { message: 'INVALID_CREDENTIALS' } };
    const { AccessToken: token } = z.looseObject({ AccessToken: z.string() }).parse(await answer.json());
    this.#jellyfin = { url, token };
    this.hasUser = true;
    return { status: 200, body: { id: 1 } };
  }

  async #sync(): Promise<void> {
    const { url, token } = this.#jellyfin;
    const headers = { Authorization: `MediaBrowser Token="${token}"` };
    const folders = FoldersSchema.parse(
      await (await fetch(`${url}/Library/VirtualFolders`, { headers })).json(),
    );
    this.libraries = folders.map(({ Name: name, ItemId: id }) => ({
      ...{ id, name },
      enabled: this.libraries.find((one) => one.id === id)?.enabled ?? false,
    }));
  }

  async #library({ method, path, body }: Asked): Promise<Told> {
    const rest = path.replace(library, '');
    if (method === 'POST' && rest === '/sync') {
      await this.#sync();
      return { status: 200, body: this.libraries };
    }
    const found = this.libraries.find(({ id }) => rest === `/${id}`);
    if (method !== 'PUT' || found === undefined) return notFound;
    found.enabled = z.strictObject({ enabled: z.boolean() }).parse(JSON.parse(body)).enabled;
    return { status: 200, body: found };
  }

  /** What is not named in the question is switched off. */
  async #oldLibrary({ method, path }: Asked): Promise<Told> {
    const { pathname, searchParams } = new URL(path, this.url);
    if (method !== 'GET' || pathname.replace(library, '') !== '') return notFound;
    if (searchParams.has('sync')) await this.#sync();
    const enabled = (searchParams.get('enable') ?? '').split(',');
    this.libraries = this.libraries.map((one) => ({ ...one, enabled: enabled.includes(one.id) }));
    return { status: 200, body: this.libraries };
  }

  async #test({ body }: Asked): Promise<Told> {
    const { hostname, port, apiKey } = TestSchema.parse(JSON.parse(body));
    const answer = await asks(this.#names, `${hostname}:${port}`, '/api/v3/qualityprofile', apiKey);
    if (!answer?.ok) return { status: 500, body: { message: 'Failed to connect to Sonarr' } };
    return { status: 200, body: { profiles: await answer.json(), rootFolders: [] } };
  }

  #save(kind: Kind, { method, body }: Asked, id: number): Told {
    const list = this.servers[kind];
    const at = list.findIndex((one) => one.id === id);
    if (method === 'DELETE') return { status: 200, body: list.splice(at, 1)[0] };
    const wanted = ServerSchemas[kind].safeParse(JSON.parse(body));
    if (!wanted.success) return { status: 400, body: { message: `request/body ${wanted.error.message}` } };
    const saved = { ...wanted.data, id: method === 'POST' ? list.length : id };
    if (method === 'POST') list.push(saved);
    else list[at] = saved;
    return { status: method === 'POST' ? 201 : 200, body: saved };
  }
}
