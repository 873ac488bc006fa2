import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CpiabError } from '../../contract/errors.ts';
import { flux } from '../../contract/layout.ts';
import { isKubeObject, isRecord, type KubeObject, kindOf, nameOf } from '../../policy/closed/object.ts';
import type { Reached } from '../../policy/closed/reached.ts';
import { type FluxSpec, KustomizeError, type Renderer } from './render.ts';
import { kustomizationOf, survey } from './survey.ts';

/** All that Git can reach. */
export interface World {
  objects: Reached[];
  /** Folders that are applied, below the tree. */
  folders: Set<string>;
  /** What is wrong with the way itself. */
  findings: CpiabError[];
  /** Whether there is more that could not be read. */
  incomplete: boolean;
}

interface Step {
  spec: FluxSpec;
  way: string[];
  /** What to name when it can't be built: the file that asks for it. */
  from: string;
}

/** Walks from what the agent applies by itself, through every Flux Kustomization. */
export async function walk(renderer: Renderer, site: string): Promise<World> {
  const world: World = { objects: [], folders: new Set(), findings: [], incomplete: false };
  const queue: Step[] = [flux.systemPath, posix.normalize(flux.rootPath(site))].map((path) => ({
    spec: { path },
    way: [],
    from: path,
  }));
  const seen = new Set<string>();
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const id = JSON.stringify(step.spec);
    if (seen.has(id)) continue;
    seen.add(id);
    queue.push(...(await visit(renderer, step, world)));
  }
  return world;
}

async function visit(renderer: Renderer, { spec, way, from }: Step, world: World): Promise<Step[]> {
  const folder = posix.normalize(spec.path);
  const { files, remote } = await survey(renderer.tree, folder);
  for (const { file, base } of remote)
    world.findings.push(new CpiabError('E2206', { subject: file, args: [base] }));
  if (remote.length > 0) {
    world.incomplete = true;
    return [];
  }
  const objects = await renderer.build(spec).catch((error: unknown) => {
    if (!(error instanceof KustomizeError)) throw error;
    world.incomplete = true;
    world.findings.push(new CpiabError('E2210', { subject: from, args: [error.message], cause: error }));
    return [];
  });
  world.folders.add(folder);
  const reached = objects.map((found) => ({ ...found, way: [...way, folder, nameOf(found.object)] }));
  world.objects.push(...reached);
  const used = new Set([...files, ...objects.map(({ file }) => file)]);
  for (const file of await orphans(renderer.tree, folder, used))
    world.findings.push(new CpiabError('E2207', { subject: file }));
  return reached.flatMap((found) => nextStep(found, world));
}

/** Where a Flux Kustomization leads to. */
function nextStep({ object, file, way }: Reached, world: World): Step[] {
  if (kindOf(object) !== 'kustomize.toolkit.fluxcd.io/Kustomization') return [];
  const { spec } = object;
  if (!isRecord(spec) || typeof spec['path'] !== 'string') return [];
  const source = sourceOf(spec['sourceRef']);
  if (source !== `ExternalArtifact/${flux.artifactName}`) {
    world.findings.push(new CpiabError('E2208', { subject: file, args: [source, way.join(' → ')] }));
    return [];
  }
  return [{ spec: spec as unknown as FluxSpec, way, from: file }];
}

function sourceOf(reference: unknown): string {
  return isRecord(reference) ? `${String(reference['kind'])}/${String(reference['name'])}` : 'nowhere';
}

/** Manifests of a folder that its kustomization file leaves out. Without one, Flux applies all there are. */
async function orphans(tree: string, folder: string, used: Set<string>): Promise<string[]> {
  if ((await kustomizationOf(tree, folder)) === null) return [];
  const entries = await readdir(join(tree, folder), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => posix.relative(tree, posix.join(entry.parentPath, entry.name)))
    .filter((path) => !used.has(path));
  const manifests = await Promise.all(
    paths.map(async (path) => ((await isManifest(join(tree, path))) ? [path] : [])),
  );
  return manifests.flat().toSorted();
}

/** Files of ours, such as app.yaml, describe; they are not applied. */
async function isManifest(path: string): Promise<boolean> {
  const documents = parseAllDocuments(await readFile(path, 'utf8'), { logLevel: 'silent' });
  if (!Array.isArray(documents)) return false;
  return documents.some((document) => {
    const content: unknown = document.errors.length === 0 ? document.toJS() : null;
    return isKubeObject(content) && !isOurs(content);
  });
}

const isOurs = ({ apiVersion }: KubeObject) =>
  apiVersion.startsWith('cpiab.dev/') || apiVersion.startsWith('kustomize.config.k8s.io/');
