import { access } from 'node:fs/promises';
import { join as joinPath, posix } from 'node:path';
import { parseYaml } from '../../contract/document/parse-yaml.ts';
import { readTextFile } from '../../host/input-file.ts';
import { isRecord, recordsIn } from '../../policy/closed/object.ts';
import { rejectLinksOut } from '../config/repository-file.ts';

/** What the kustomization files below a folder name, read without building anything. */
export interface Survey {
  /** Every file named, and the kustomization files themselves; paths below the tree. */
  files: Set<string>;
  /** Bases that are not in the tree. */
  remote: { file: string; base: string }[];
}

/** Source: `k8s.io/cli-runtime` and kustomize's konfig.RecognizedKustomizationFileNames. */
const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** Source: kustomize's documentation, remote targets. */
const REMOTE =
  /^(?:[a-z+]+:\/\/|git@|git::|(?:www\.)?(?:github|gitlab|bitbucket)\.(?:com|org)[/:])|[?&]ref=|\.git(?:\/\/?|$)/;
const LISTS = [
  'resources',
  'components',
  'bases',
  'crds',
  'configurations',
  'generators',
  'transformers',
  'validators',
];

/**
 * Follows the kustomization files from a folder.
 * @param tree absolute path of the checked out repository.
 * @param folder below it.
 */
export async function survey(tree: string, folder: string): Promise<Survey> {
  const found: Survey = { files: new Set(), remote: [] };
  await visit(tree, posix.normalize(folder), found);
  return found;
}

/** The kustomization file of a folder, below the tree, or null. */
export async function kustomizationOf(tree: string, folder: string): Promise<string | null> {
  for (const name of NAMES) {
    const path = posix.join(folder, name);
    const there = await access(joinPath(tree, path)).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return null;
}

async function visit(tree: string, folder: string, found: Survey): Promise<void> {
  const file = await kustomizationOf(tree, folder);
  if (file === null || found.files.has(file)) return;
  found.files.add(file);
  await rejectLinksOut(tree, file);
  const text = await readTextFile(joinPath(tree, file), { shown: file });
  const content = parseYaml(text, file).value;
  if (!isRecord(content)) return;
  for (const base of remoteCharts(content)) found.remote.push({ file, base });
  for (const entry of entriesOf(content)) {
    if (REMOTE.test(entry)) found.remote.push({ file, base: entry });
    else {
      const path = posix.join(folder, entry);
      found.files.add(path);
      await visit(tree, path, found);
    }
  }
}

function entriesOf(content: Record<string, unknown>): string[] {
  const lists = LISTS.flatMap((name) => texts(content[name]));
  const patches = ['patches', 'patchesJson6902', 'replacements'].flatMap((name) =>
    recordsIn(content[name]).flatMap(({ path }) => texts(path)),
  );
  const merges = texts(content['patchesStrategicMerge']);
  const generated = ['configMapGenerator', 'secretGenerator'].flatMap((name) =>
    recordsIn(content[name]).flatMap(({ files, envs, env }) => [
      ...texts(files),
      ...texts(envs),
      ...texts(env),
    ]),
  );
  return [
    // A resource, patch or merge may be written out in place.
    ...[...lists, ...merges, ...patches].filter((entry) => !entry.includes('\n')),
    ...generated.map((entry) => entry.slice(entry.indexOf('=') + 1)),
  ];
}

/** Charts come from a repository of theirs unless they lie beside the file. */
function remoteCharts(content: Record<string, unknown>): string[] {
  return recordsIn(content['helmCharts']).flatMap(({ repo, name }) =>
    typeof repo === 'string' ? [`chart ${String(name)} of ${repo}`] : [],
  );
}

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
