import { isRecord, recordsIn } from '../closed/object.ts';
import type { Steps } from '../document/source-document.ts';

/** Source: kustomize's documentation, remote targets. */
export const REMOTE =
  /^(?:[a-z+]+:\/\/|git@|git::|(?:www\.)?(?:github|gitlab|bitbucket)\.(?:com|org)[/:])|[?&]ref=|\.git(?:\/\/?|$)/;

/** Something that a kustomization names or holds. */
export interface NamedEntry {
  /** A path, or the text itself when it is written in place. */
  entry: string;
  path: Steps;
  kind: 'resource' | 'patch' | 'text' | 'inline';
}

const RESOURCES = ['resources', 'components', 'bases', 'crds'];
const PATCHES = ['patchesStrategicMerge', 'patches', 'patchesJson6902'];
const GENERATORS = ['configMapGenerator', 'secretGenerator'];

/** What a kustomization names, in the order in which it is applied. Source: kustomization.yaml reference. */
export function entryLists(content: Record<string, unknown>): NamedEntry[] {
  return [
    ...RESOURCES.flatMap((name) => textsOf(content[name], [name]).map((found) => placed(found, 'resource'))),
    ...PATCHES.flatMap((name) => patches(content[name], name)),
    ...GENERATORS.flatMap((name) => generated(content[name], name)),
  ];
}

/** Fields that run something, or take what is applied from where nobody looks. */
const REFUSED: Readonly<Record<string, string>> = {
  helmCharts: 'charts are not rendered on a box',
  helmChartInflationGenerator: 'charts are not rendered on a box',
  generators: 'generators are not run on a box',
  transformers: 'transformers hide what is applied',
  validators: 'validators are not run on a box',
  replacements: 'replacements hide what is applied',
  vars: 'vars hide what is applied',
};

export function refusedFeatures(content: Record<string, unknown>): { path: Steps; what: string }[] {
  const fields = Object.entries(REFUSED).flatMap(([name, why]) =>
    content[name] === undefined ? [] : [{ path: [name], what: `${name}: ${why}` }],
  );
  const remote = recordsIn(content['helmCharts']).some(({ repo }) => typeof repo === 'string');
  return remote
    ? fields.map((field) => ({ ...field, what: `${field.what}, and a repository is elsewhere` }))
    : fields;
}

function patches(value: unknown, name: string): NamedEntry[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown, index): NamedEntry[] => {
    if (typeof item === 'string') return [placed({ entry: item, path: [name, index] }, 'patch')];
    if (!isRecord(item)) return [];
    if (typeof item['path'] === 'string')
      return [{ entry: item['path'], path: [name, index, 'path'], kind: 'patch' }];
    return typeof item['patch'] === 'string'
      ? [{ entry: item['patch'], path: [name, index, 'patch'], kind: 'inline' }]
      : [];
  });
}

function generated(value: unknown, name: string): NamedEntry[] {
  return recordsIn(value).flatMap((item, index) =>
    ['files', 'envs', 'env'].flatMap((list) =>
      textsOf(item[list], [name, index, list]).map(
        ({ entry, path }): NamedEntry => ({ entry: entry.slice(entry.indexOf('=') + 1), path, kind: 'text' }),
      ),
    ),
  );
}

/** What generators of ConfigMaps write out in place: `KEY=value`. */
export function literalsOf(content: Record<string, unknown>): { name: string; entry: string; path: Steps }[] {
  return recordsIn(content['configMapGenerator']).flatMap((item, index) =>
    textsOf(item['literals'], ['configMapGenerator', index, 'literals']).map((literal) => ({
      ...literal,
      name: String(item['name'] ?? ''),
    })),
  );
}

/** A resource or merge patch may be written out in place. */
const placed = ({ entry, path }: Omit<NamedEntry, 'kind'>, kind: 'resource' | 'patch'): NamedEntry => ({
  entry,
  path,
  kind: entry.includes('\n') ? 'inline' : kind,
});

function textsOf(value: unknown, path: Steps): Omit<NamedEntry, 'kind'>[] {
  if (typeof value === 'string') return [{ entry: value, path }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown, index) =>
    typeof entry === 'string' ? [{ entry, path: [...path, index] }] : [],
  );
}
