import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kinds } from '../../policy/closed/kinds.ts';
import type { FieldSchema, ObjectSchemas } from '../../policy/schema/object-schemas.ts';
import type { BuildHost } from '../host.ts';
import { goFolder } from './programs.ts';
import type { GoToolchain } from './toolchain.ts';

const MODULE = 'k8s.io/kubernetes';

/** What Kubernetes publishes of its API. Source: OpenAPI 2.0; api/openapi-spec of Kubernetes. */
interface Swagger {
  definitions: Record<string, Record<string, unknown>>;
  paths: Record<string, Record<string, { 'x-kubernetes-group-version-kind'?: GroupVersionKind } | unknown>>;
}
interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** The schemas of all kinds that the closed world knows, from the sources of the Kubernetes that boxes run. */
export async function fetchObjectSchemas(toolchain: GoToolchain, host: BuildHost): Promise<string> {
  const module = join(host.repository, goFolder, 'kube');
  const version = await kubernetesVersion(host.repository);
  await toolchain.sandbox.run(['go', 'mod', 'download', MODULE], {
    binds: [...toolchain.binds, { source: module, target: '/src', write: false }],
    cwd: '/src',
    env: toolchain.env,
    network: true,
    signal: host.signal,
  });
  const path = join(toolchain.modules, `${MODULE}@${version}`, 'api', 'openapi-spec', 'swagger.json');
  const schemas = objectSchemas(JSON.parse(await readFile(path, 'utf8')) as Swagger, version);
  return `${JSON.stringify(schemas)}\n`;
}

/** Such as `v1.36.3`. */
export async function kubernetesVersion(repository: string): Promise<string> {
  const text = await readFile(join(repository, goFolder, 'kube', 'go.mod'), 'utf8');
  const version = /^\tk8s\.io\/kubernetes (?<version>v\S+)$/m.exec(text)?.groups?.['version'];
  if (version === undefined) throw new Error(`${goFolder}/kube/go.mod names no ${MODULE}`);
  return version;
}

function objectSchemas({ definitions, paths }: Swagger, version: string): ObjectSchemas {
  const namespaced = new Set(namespacedKinds(paths));
  const found: ObjectSchemas = { version, kinds: {}, definitions: {} };
  for (const [name, definition] of Object.entries(definitions).toSorted(byName)) {
    const named = (definition['x-kubernetes-group-version-kind'] ?? []) as GroupVersionKind[];
    const [one] = named;
    // What has several is the options of a request, not an object.
    if (one === undefined || named.length > 1 || !kinds.has(kindName(one))) continue;
    found.kinds[keyOf(one)] = { definition: name, namespaced: namespaced.has(keyOf(one)) };
    addDefinition(name, definitions, found);
  }
  found.definitions = Object.fromEntries(Object.entries(found.definitions).toSorted(byName));
  return found;
}

function* namespacedKinds(paths: Swagger['paths']): Generator<string> {
  for (const [path, operations] of Object.entries(paths))
    if (path.includes('/namespaces/{namespace}/'))
      for (const operation of Object.values(operations)) {
        const kind = (operation as { 'x-kubernetes-group-version-kind'?: GroupVersionKind })[
          'x-kubernetes-group-version-kind'
        ];
        if (kind !== undefined) yield keyOf(kind);
      }
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
const kindName = ({ group, kind }: GroupVersionKind) => (group === '' ? kind : `${group}/${kind}`);
const keyOf = ({ group, version, kind }: GroupVersionKind) =>
  [...(group === '' ? [] : [group]), version, kind].join('/');

/** Adds a definition, and those that it leads to. */
function addDefinition(name: string, all: Swagger['definitions'], found: ObjectSchemas): void {
  if (found.definitions[name] !== undefined) return;
  const schema = stripped(all[name] ?? {});
  found.definitions[name] = schema;
  for (const text of JSON.stringify(schema).matchAll(/"\$ref":"(?<name>[^"]+)"/g))
    addDefinition(text.groups?.['name'] ?? '', all, found);
}

/** What is needed to tell a wrong value: no descriptions. */
function stripped(schema: Record<string, unknown>): FieldSchema {
  const { type, format, properties, required, items, additionalProperties, $ref } = schema as FieldSchema;
  return {
    ...(type !== undefined && { type }),
    ...(format === 'int-or-string' && { format }),
    ...($ref !== undefined && { $ref: $ref.replace('#/definitions/', '') }),
    ...(required !== undefined && { required }),
    ...(items !== undefined && { items: stripped(items as Record<string, unknown>) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: stripped(additionalProperties as Record<string, unknown>),
    }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, inner]) => [name, stripped(inner as Record<string, unknown>)]),
      ),
    }),
  };
}
