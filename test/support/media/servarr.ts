import { z } from 'zod';
import { type Asked, asks, HouseApp, type Names, notFound, type Told } from './house.ts';

// Facts of the OpenAPI descriptions of Sonarr (src/Sonarr.Api.V3/openapi.json), Radarr and Prowlarr
// (src/Prowlarr.Api.V1/openapi.json): no property beside those listed (`additionalProperties: false`).
const tags = z.array(z.int()).nullish();
const text = z.string().nullish();
const FieldSchema = z.strictObject({
  order: z.int().optional(),
  name: z.string(),
  label: text,
  value: z.unknown().optional(),
  type: text,
  advanced: z.boolean().optional(),
  privacy: z.enum(['normal', 'password', 'apiKey', 'userName']).optional(),
});
const provider = {
  id: z.int().optional(),
  name: z.string().min(1),
  fields: z.array(FieldSchema),
  implementationName: text,
  implementation: z.string().min(1),
  configContract: z.string().min(1),
  infoLink: text,
  tags,
};
const DownloadClientSchema = z.strictObject({
  ...provider,
  enable: z.boolean(),
  protocol: z.enum(['unknown', 'usenet', 'torrent']),
  priority: z.int().min(1).max(50),
  removeCompletedDownloads: z.boolean().optional(),
  removeFailedDownloads: z.boolean().optional(),
});
const ApplicationSchema = z.strictObject({
  ...provider,
  syncLevel: z.enum(['disabled', 'addOnly', 'fullSync']),
  testCommand: text,
});
const RootFolderSchema = z.strictObject({ id: z.int().optional(), path: z.string() });
const MediaManagementSchema = z.strictObject({
  id: z.int(),
  recycleBin: text,
  recycleBinCleanupDays: z.int(),
  copyUsingHardlinks: z.boolean(),
  importExtraFiles: z.boolean(),
});

type Field = z.infer<typeof FieldSchema>;
type Resource = z.infer<typeof DownloadClientSchema> | z.infer<typeof ApplicationSchema>;

const MASK = '********';
const isPrivate = ({ privacy }: Field) => privacy === 'password' || privacy === 'apiKey';
const valueIn = (fields: readonly Field[], name: string) =>
  fields.find((field) => field.name === name)?.value;

interface Collection {
  schema: z.ZodType<Resource>;
  templates: object[];
  /** What is wrong with it, by trying it; null when nothing is. */
  tries: (resource: Resource) => Promise<string | null>;
}

/** A list of providers, with the rules of Servarr's ProviderControllerBase. */
class Providers {
  readonly there = new Map<number, Resource>();
  readonly #of: Collection;
  #next = 1;

  constructor(of: Collection) {
    this.#of = of;
  }

  async answer({ method, body }: Asked, rest: string): Promise<Told> {
    if (rest === '/schema') return { status: 200, body: this.#of.templates };
    if (method === 'GET') return { status: 200, body: [...this.there.values()].map(shown) };
    const id = Number(rest.slice(1));
    if (method === 'DELETE') return this.there.delete(id) ? { status: 200, body: {} } : notFound;
    const wanted = this.#of.schema.safeParse(JSON.parse(body));
    if (!wanted.success) return { status: 400, body: { message: wanted.error.message } };
    return await this.#save(method, rest, wanted.data);
  }

  async #save(method: string, rest: string, data: Resource): Promise<Told> {
    const resource = { ...data, fields: this.#unmasked(data) };
    const twin = [...this.there.values()].find(({ name, id }) => name === data.name && id !== data.id);
    const wrong = twin === undefined ? await this.#of.tries(resource) : 'Should be unique';
    if (wrong !== null) return { status: 400, body: [{ propertyName: 'Host', errorMessage: wrong }] };
    if (rest === '/test') return { status: 200, body: {} };
    const id = method === 'POST' ? this.#next++ : (data.id ?? 0);
    if (method === 'PUT' && rest !== `/${id}`) return notFound;
    this.there.set(id, { ...resource, id });
    return { status: method === 'POST' ? 201 : 202, body: shown({ ...resource, id }) };
  }

  /** Its own value for one that comes back masked. */
  #unmasked({ id = 0, fields }: Resource): Field[] {
    const own = this.there.get(id)?.fields ?? [];
    return fields.map((field) =>
      field.value === MASK ? { ...field, value: valueIn(own, field.name) } : field,
    );
  }
}

const shown = (resource: Resource): Resource => ({
  ...resource,
  fields: resource.fields.map((field) =>
    isPrivate(field) && field.value !== undefined && field.value !== '' ? { ...field, value: MASK } : field,
  ),
});

const field = (name: string, value?: unknown, privacy: Field['privacy'] = 'normal') => ({
  name,
  value,
  privacy,
});
const template = (implementation: string, fields: Field[], rest: object) => ({
  ...{
    name: '',
    implementation,
    implementationName: implementation,
    configContract: `${implementation}Settings`,
  },
  ...{ infoLink: 'https://wiki.servarr.com/', tags: [], presets: [], fields, ...rest },
});

/** qBittorrent's login, as those that use it have to have it. */
export interface Login {
  host: string;
  password: string;
}

function downloadClients(category: string, login: Login): Providers {
  const fields = [field('host', 'localhost'), field('port', 8080), field('useSsl', false), field('urlBase')];
  const login_ = [field('username', undefined, 'userName'), field('password', undefined, 'password')];
  const rest = { enable: false, protocol: 'torrent', priority: 1 };
  const all = [...fields, ...login_, field(category, 'x-sonarr')];
  return new Providers({
    schema: DownloadClientSchema,
    templates: [template('Transmission', fields, rest), template('QBittorrent', all, rest)],
    tries: async ({ fields: has }) => {
      if (has.length !== all.length) return 'a field is missing';
      if (`${valueIn(has, 'host')}:${valueIn(has, 'port')}` !== login.host) return 'Unable to connect';
      return valueIn(has, 'password') === login.password ? null : 'Authentication failure';
    },
  });
}

/** Sonarr or Radarr. */
export class Library extends HouseApp {
  readonly clients: Providers;
  readonly rootFolders: { id: number; path: string }[] = [];
  mediaManagement = {
    ...{ id: 1, recycleBin: '', recycleBinCleanupDays: 7, copyUsingHardlinks: false, importExtraFiles: true },
  };

  /** @param folders that its pod has. */
  constructor(key: string, category: string, folders: string[], login: Login) {
    super(key, (asked) => this.#told(asked, folders), { status: 401, body: { error: 'Unauthorized' } });
    this.clients = downloadClients(category, login);
  }

  async #told(asked: Asked, folders: string[]): Promise<Told> {
    const [, path = '', rest = ''] = /^\/api\/v3(\/config\/\w+|\/\w+)(.*)$/.exec(asked.path) ?? [];
    if (path === '/downloadclient') return await this.clients.answer(asked, rest);
    if (path === '/config/mediamanagement') return this.#media(asked);
    if (path === '/rootfolder') return this.#folder(asked, folders);
    if (path === '/qualityprofile')
      return {
        status: 200,
        body: [
          { id: 1, name: 'Any' },
          { id: 4, name: 'HD-1080p' },
        ],
      };
    return path === '/system' ? { status: 200, body: { version: '4.0.19' } } : notFound;
  }

  #media({ method, body }: Asked): Told {
    if (method === 'PUT') {
      this.mediaManagement = { recycleBin: '', ...MediaManagementSchema.parse(JSON.parse(body)) } as never;
    }
    return { status: method === 'PUT' ? 202 : 200, body: this.mediaManagement };
  }

  #folder({ method, body }: Asked, folders: string[]): Told {
    if (method === 'GET') return { status: 200, body: this.rootFolders };
    const { path } = RootFolderSchema.parse(JSON.parse(body));
    if (!folders.includes(path)) {
      return { status: 400, body: [{ propertyName: 'Path', errorMessage: `Path '${path}' does not exist` }] };
    }
    this.rootFolders.push({ id: this.rootFolders.length + 1, path });
    return { status: 201, body: this.rootFolders.at(-1) };
  }
}

export class Prowlarr extends HouseApp {
  readonly applications: Providers;

  constructor(key: string, names: Names) {
    super(key, (asked) => this.#told(asked), { status: 401, body: { error: 'Unauthorized' } });
    const fields = [
      field('prowlarrUrl', 'http://localhost:9696'),
      field('baseUrl'),
      field('apiKey', undefined, 'apiKey'),
    ];
    const all = [...fields, field('syncCategories', [5000, 5010])];
    this.applications = new Providers({
      schema: ApplicationSchema,
      templates: ['Sonarr', 'Radarr'].map((name) => template(name, all, { syncLevel: 'disabled' })),
      // As the real one: it asks the application with the key.
      tries: async ({ fields: has }) => {
        const host = String(valueIn(has, 'baseUrl')).replace('http://', '');
        const answer = await asks(names, host, '/api/v3/system/status', String(valueIn(has, 'apiKey')));
        if (answer === null) return 'Unable to complete application test, cannot connect';
        return answer.ok ? null : 'API Key is invalid';
      },
    });
  }

  async #told(asked: Asked): Promise<Told> {
    const [, path, rest = ''] = /^\/api\/v1\/(\w+)(.*)$/.exec(asked.path) ?? [];
    if (path === 'applications') return await this.applications.answer(asked, rest);
    return path === 'downloadclient' && asked.method === 'GET' ? { status: 200, body: [] } : notFound;
  }
}
