import { z } from 'zod';
import type { Api } from './api.ts';
import { type Change, type Changes, compare } from './change.ts';
import type { Provider } from './config.ts';
import { isRefusal, Problem } from './problem.ts';
import type { Secrets } from './secrets.ts';

/** Names that end so are ours: what has such a name and is not declared is removed. */
export const MARK = ' (Git)';

// Source: the OpenAPI descriptions of Sonarr, Radarr and Prowlarr: DownloadClientResource, ApplicationResource.
const FieldSchema = z.looseObject({ name: z.string(), value: z.unknown().optional() });
const TemplateSchema = z.looseObject({ implementation: z.string(), fields: z.array(FieldSchema) });
const ResourceSchema = z.looseObject({ ...TemplateSchema.shape, id: z.int(), name: z.string() });
type Template = z.infer<typeof TemplateSchema>;
type Resource = z.infer<typeof ResourceSchema>;

interface Kind {
  /** As a person calls it. */
  title: string;
  /** Of its list in the API. */
  path: string;
}

/** Makes what is declared of one kind, such as download clients, and removes what was once and is no more. */
export async function* wireProviders(
  api: Api,
  kind: Kind,
  declared: readonly Provider[],
  secrets: Secrets,
): Changes {
  const there = z.array(ResourceSchema).parse(await api.get(kind.path));
  for (const one of declared) {
    const has = there.find(({ name }) => name === one.name + MARK);
    const change =
      has === undefined ? await make(api, kind, one, secrets) : await keep(api, kind, one, has, secrets);
    if (change !== null) yield change;
  }
  const names = new Set(declared.map(({ name }) => name + MARK));
  for (const { id, name } of there.filter((one) => one.name.endsWith(MARK) && !names.has(one.name))) {
    await api.send('DELETE', `${kind.path}/${id}`);
    yield { action: 'removed', what: `${kind.title} ${name}` };
  }
}

async function make(api: Api, kind: Kind, declared: Provider, secrets: Secrets): Promise<Change> {
  const templates = z.array(TemplateSchema).parse(await api.get(`${kind.path}/schema`));
  const template = templates.find(({ implementation }) => implementation === declared.implementation);
  if (template === undefined) {
    const known = templates.map(({ implementation }) => implementation).join(', ');
    throw new Problem(`has no ${kind.title} ${declared.implementation}`, { todo: `take one of ${known}` });
  }
  await api.send('POST', kind.path, filled(template, declared, secrets));
  return { action: 'made', what: `${kind.title} ${declared.name}${MARK}` };
}

async function keep(
  api: Api,
  kind: Kind,
  declared: Provider,
  has: Resource,
  secrets: Secrets,
): Promise<Change | null> {
  const wanted = filled(has, declared, secrets);
  const values = new Map(has.fields.map(({ name, value }) => [name, value]));
  const settings = compare(declared.settings, secrets, (key) => has[key]);
  const fields = compare(declared.fields, secrets, (key) => values.get(key));
  const differs = [...settings.differs, ...fields.differs];
  if (differs.length === 0) {
    if (!fields.masked || (await works(api, kind, has))) return null;
    differs.push('what it does not tell (hidden)');
  }
  await api.send('PUT', `${kind.path}/${has.id}`, wanted);
  return { action: 'changed', what: `${kind.title} ${has.name}`, settings: differs };
}

/** Whether the app gets on with what it has: for a masked value it takes its own. */
async function works(api: Api, kind: Kind, has: Resource): Promise<boolean> {
  try {
    await api.send('POST', `${kind.path}/test`, has);
    return true;
  } catch (error) {
    if (isRefusal(error, 400)) return false;
    throw error;
  }
}

/** A template, or what is there, with what is declared in it. */
function filled({ presets: _, ...base }: Template, declared: Provider, secrets: Secrets): object {
  const unknown = Object.keys(declared.fields).filter((key) => !base.fields.some(({ name }) => name === key));
  if (unknown.length > 0) {
    const known = base.fields.map(({ name }) => name).join(', ');
    throw new Problem(`${declared.implementation} has no field ${unknown.join(', ')}`, {
      todo: `it has ${known}`,
    });
  }
  const values = secrets.resolve(declared.fields);
  return {
    ...base,
    ...secrets.resolve(declared.settings),
    name: declared.name + MARK,
    fields: base.fields.map((field) =>
      field.name in values ? { ...field, value: values[field.name] } : field,
    ),
  };
}
