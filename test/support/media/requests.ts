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

export class Seerr extends HouseApp {
  readonly servers: Record<Kind, { id: number; name: string; port?: number }[]> = { sonarr: [], radarr: [] };
  /** Whether somebody has logged in. */
  hasUser = false;
  readonly #names: Names;

  constructor(key: string, names: Names) {
    const refused = { status: 403, body: { status: 403, error: forbidden } };
    super(key, (asked) => this.#told(asked, refused), refused, ['/api/v1/settings/public']);
    this.#names = names;
  }

  async #told(asked: Asked, refused: Told): Promise<Told> {
    if (asked.path === '/api/v1/settings/public') return { status: 200, body: { initialized: this.hasUser } };
    // It acts for its first user.
    if (!this.hasUser) return refused;
    const [, kind, rest = ''] = /^\/api\/v1\/settings\/(sonarr|radarr)(.*)$/.exec(asked.path) ?? [];
    if (kind !== 'sonarr' && kind !== 'radarr') return notFound;
    if (asked.method === 'GET') return { status: 200, body: this.servers[kind] };
    return rest === '/test' ? await this.#test(asked) : this.#save(kind, asked, Number(rest.slice(1)));
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

/** Its settings come as a form, and as JSON with types: bazarr/api/system/settings.py and bazarr/app/config.py. */
export class Bazarr extends HouseApp {
  settings: Record<string, Record<string, unknown>> = {
    general: { use_sonarr: false, use_radarr: false, port: 6767 },
    sonarr: { ip: '127.0.0.1', port: 8989, base_url: '/', ssl: false, apikey: '' },
    radarr: { ip: '127.0.0.1', port: 7878, base_url: '/', ssl: false, apikey: '' },
  };

  constructor(key: string) {
    super(key, (asked) => this.#told(asked), { status: 401 });
  }

  #told({ method, path, body }: Asked): Told {
    if (path !== '/api/system/settings') return notFound;
    if (method === 'GET') return { status: 200, body: this.settings };
    for (const [key, value] of new URLSearchParams(body)) {
      const [, section = '', name = ''] = key.split('-');
      const has = this.settings[section];
      if (has === undefined || !(name in has)) return { status: 500 };
      has[name] = typed(value);
    }
    return { status: 204 };
  }
}

function typed(value: string): unknown {
  if (/^\d+$/.test(value)) return Number(value);
  return value === 'true' || value === 'false' ? value === 'true' : value;
}
