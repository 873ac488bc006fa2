import { posix } from 'node:path';
import { isKubeObject, isRecord, type KubeObject, nameOf } from '../closed/object.ts';
import { inlinedAt, parseDocuments, type Source, type Steps } from '../document/source-document.ts';
import type { Paths, Tree } from '../tree/tree.ts';
import { changedImages } from './images.ts';
import { entryLists, literalsOf, REMOTE, refusedFeatures } from './kustomization.ts';
import { substituted } from './substitute.ts';
import type { World, Written } from './world.ts';

/** Source: kustomize's konfig.RecognizedKustomizationFileNames. */
const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** What one folder is read for. */
export interface Reading {
  tree: Tree;
  paths: Paths;
  world: World;
  way: string[];
  /** Variables that a Flux Kustomization sets in all its manifests. */
  variables: Readonly<Record<string, unknown>>;
}

/** Reads what a folder applies, and all that it leads to. Problems become findings of the world. */
export async function readFolder(folder: string, reading: Reading): Promise<Written[]> {
  const { paths } = reading;
  const file = kustomizationFile(folder, paths);
  if (file !== undefined) return await readKustomization(file, folder, reading);
  // Flux then applies every manifest below.
  const all = paths.below(folder).filter((path) => /\.ya?ml$/.test(path));
  return (await Promise.all(all.map((path) => readManifests(path, reading)))).flat();
}

export const kustomizationFile = (folder: string, paths: Paths) =>
  NAMES.map((name) => posix.join(folder, name)).find((path) => paths.isFile(path));

async function readKustomization(file: string, folder: string, reading: Reading): Promise<Written[]> {
  const { world } = reading;
  if (world.files.has(file)) return [];
  world.files.add(file);
  const [source] = await documentsOf(file, reading);
  if (source === undefined || !isRecord(source.value)) return [];
  return await readFields(source, [], folder, reading);
}

/** Reads fields of a kustomization, wherever they are written: also a Flux Kustomization has some. */
export async function readFields(
  source: Source,
  at: Steps,
  folder: string,
  reading: Reading,
): Promise<Written[]> {
  const content = at.reduce<unknown>(
    (inner, step) => (isRecord(inner) ? inner[step] : undefined),
    source.value,
  );
  if (!isRecord(content)) return [];
  const { world } = reading;
  for (const { path, what } of refusedFeatures(content))
    world.findings.push({
      rule: 'kustomize-feature',
      file: source.file,
      line: source.lineOf([...at, ...path]),
      what,
    });
  if (content['secretGenerator'] !== undefined) world.findings.push(generatesSecret(source, at));
  const found = literalsOf(content).map((literal) => settingOf(literal, source, at, reading));
  for (const { path, entry, kind } of entryLists(content)) {
    if (mayBeMissing(content, path, posix.join(folder, entry), reading)) continue;
    const line = source.lineOf([...at, ...path]);
    if (kind === 'inline') found.push(...inlined(entry, source, [...at, ...path], reading));
    else found.push(...(await readEntry(entry, { file: source.file, line, kind, folder }, reading)));
  }
  return transformed(found, content);
}

/** Source: kustomize.toolkit.fluxcd.io/v1, `ignoreMissingComponents`. */
const mayBeMissing = (content: Record<string, unknown>, at: Steps, path: string, { paths }: Reading) =>
  content['ignoreMissingComponents'] === true && at[0] === 'components' && !paths.isFolder(path);

/** A ConfigMap with the one key that a generator writes out. */
function settingOf(
  { name, entry, path }: ReturnType<typeof literalsOf>[number],
  source: Source,
  at: Steps,
  { way }: Reading,
): Written {
  const equals = entry.indexOf('=');
  const data = { [entry.slice(0, Math.max(equals, 0))]: entry.slice(equals + 1) };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
  const { file, value } = source;
  const placed: Source = {
    ...{ file, value },
    lineOf: () => source.lineOf([...at, ...path]),
    lineOfText: (text) => source.lineOfText(text),
  };
  return { object, file, source: placed, partial: true, way: [...way, nameOf(object)] };
}

/** Changes objects as a kustomization, or the spec of a Flux one, says. */
export function transformed(objects: readonly Written[], content: Record<string, unknown>): Written[] {
  const namespace = content['namespace'] ?? content['targetNamespace'];
  return objects.map((written) => ({
    ...written,
    object: moved(changedImages(written.object, content['images']), namespace),
  }));
}

/** What a generator would write into a Secret is plain text in Git. */
const generatesSecret = (source: Source, at: Steps) => ({
  rule: 'secret-plain' as const,
  file: source.file,
  line: source.lineOf([...at, 'secretGenerator']),
  what: 'secretGenerator makes a Secret of plain text',
});

interface Entry {
  file: string;
  line: number;
  kind: 'resource' | 'patch' | 'text';
  folder: string;
}

async function readEntry(
  entry: string,
  { file, line, kind, folder }: Entry,
  reading: Reading,
): Promise<Written[]> {
  const { world, paths } = reading;
  const refuse = (rule: 'remote-base' | 'resource-outside' | 'resource-missing', what: string) => {
    world.findings.push({ rule, file, line, what });
    return [];
  };
  if (REMOTE.test(entry)) return refuse('remote-base', `takes ${entry} from elsewhere`);
  const path = posix.normalize(posix.join(folder, entry)).replace(/\/$/, '');
  if (posix.isAbsolute(entry) || path === '..' || path.startsWith('../'))
    return refuse('resource-outside', `${entry} is not in the repository`);
  if (paths.isFile(path)) return await readFile(path, kind, reading);
  if (kind !== 'resource' || !paths.isFolder(path))
    return refuse('resource-missing', `${path} is not in the commit`);
  if (kustomizationFile(path, paths) === undefined)
    return refuse('resource-missing', `${path} has no kustomization.yaml`);
  return await readFolder(path, reading);
}

async function readFile(path: string, kind: Entry['kind'], reading: Reading): Promise<Written[]> {
  if (kind !== 'text') return await readManifests(path, reading, kind === 'patch');
  reading.world.files.add(path);
  const [text = null] = await reading.tree.read([path]);
  // What a generator takes is looked at like a file in a ConfigMap.
  const { documents } = parseDocuments(path, JSON.stringify({ data: { [posix.basename(path)]: text } }));
  return documents.map((source) => generated(source, reading));
}

function generated(source: Source, { way }: Reading): Written {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', ...(source.value as object) };
  return { object, file: source.file, source, partial: true, way: [...way, source.file] };
}

async function readManifests(path: string, reading: Reading, partial = false): Promise<Written[]> {
  reading.world.files.add(path);
  return written(await documentsOf(path, reading), partial, reading);
}

function written(documents: readonly Source[], partial: boolean, reading: Reading): Written[] {
  const { world, way } = reading;
  return documents.flatMap((source) => {
    const { value, file } = source;
    if (!isKubeObject(value) && partial) return [operation(source, reading)];
    if (!isKubeObject(value)) {
      world.findings.push(shapeless(source));
      return [];
    }
    if (/^(?:cpiab\.dev|kustomize\.config\.k8s\.io)\//.test(value.apiVersion)) return [];
    return [{ object: value, file, source, partial, way: [...way, nameOf(value)] }];
  });
}

/** Operations of a JSON patch (RFC 6902) may put an image or a secret anywhere. */
const operation = (source: Source, { way }: Reading): Written => ({
  object: { apiVersion: 'v1', kind: 'ConfigMap', patch: source.value },
  file: source.file,
  source,
  partial: true,
  way: [...way, 'patch'],
});

const shapeless = (source: Source) => ({
  rule: 'object-shape' as const,
  file: source.file,
  line: source.lineOf([]),
  what: 'not an object of Kubernetes: it has no apiVersion or no kind',
});

/** Manifests or patches that are written into a kustomization. */
function inlined(text: string, source: Source, at: Steps, reading: Reading): Written[] {
  const { documents, findings } = parseDocuments(source.file, text);
  const line = source.lineOf(at);
  reading.world.findings.push(...findings.map((found) => ({ ...found, line })));
  const placed = documents.map((inner) => inlinedAt(text.includes('\n') ? line : line - 1, inner, source));
  return written(placed, true, reading);
}

/** Reads a file once, with the variables put in. */
async function documentsOf(path: string, { tree, world, variables }: Reading): Promise<Source[]> {
  const [text = null] = await tree.read([path]);
  const { documents, findings } = parseDocuments(path, substituted(text ?? '', variables));
  if (!world.findings.some(({ file, rule }) => file === path && rule.startsWith('yaml-')))
    world.findings.push(...findings);
  return documents;
}

function moved(object: KubeObject, namespace: unknown): KubeObject {
  if (typeof namespace !== 'string') return object;
  return { ...object, metadata: { ...object.metadata, namespace } };
}
