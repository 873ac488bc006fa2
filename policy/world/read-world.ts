import { posix } from 'node:path';
import { flux } from '../../contract/layout.ts';
import { isRecord, kindOf } from '../closed/object.ts';
import { Paths, type Tree } from '../tree/tree.ts';
import { readFields, readFolder, transformed } from './read-folder.ts';
import { variablesOf } from './substitute.ts';
import type { World, Written } from './world.ts';

const KUSTOMIZATION = 'kustomize.toolkit.fluxcd.io/Kustomization';

interface Step {
  path: string;
  way: string[];
  /** The Flux Kustomization that asks for it; absent for what the box applies by itself. */
  from?: Written;
}

/**
 * Reads all that Flux would apply, as it is written: nothing is rendered, since a box has no kustomize of
 * its own. What kustomize could hide is refused instead.
 * @param also folders that are read although nothing leads to them.
 */
export async function readWorld(tree: Tree, site: string, also: readonly string[] = []): Promise<World> {
  const world: World = {
    objects: [],
    folders: new Set(),
    files: new Set(),
    kustomizations: [],
    findings: [],
  };
  const paths = new Paths(tree);
  const roots = [flux.systemPath, flux.rootPath(site), ...also];
  const queue: Step[] = roots.map((path) => ({ path, way: [] }));
  for (let step = queue.shift(); step !== undefined; step = queue.shift())
    queue.push(...(await visit(step, { tree, paths, world })));
  return world;
}

async function visit(
  { path, way, from }: Step,
  { tree, paths, world }: { tree: Tree; paths: Paths; world: World },
): Promise<Step[]> {
  const folder = posix.normalize(path).replace(/\/$/, '');
  if (world.folders.has(folder)) return [];
  if (!paths.isFolder(folder)) {
    world.findings.push(missingFolder(folder, from));
    return [];
  }
  world.folders.add(folder);
  const reading = {
    tree,
    paths,
    world,
    way: [...way, folder],
    variables: variablesOf(from && specOf(from)['postBuild']),
  };
  const own = await readFolder(folder, reading);
  const added = from === undefined ? [] : await readFields(from.source, ['spec'], folder, reading);
  const objects = [...(from === undefined ? own : transformed(own, specOf(from))), ...added];
  world.objects.push(...objects);
  return objects
    .filter(({ object, partial }) => !partial && kindOf(object) === KUSTOMIZATION)
    .flatMap((written) => {
      world.kustomizations.push({ name: String(written.object.metadata?.name), written });
      const target = specOf(written)['path'];
      return typeof target === 'string' ? [{ path: target, way: written.way, from: written }] : [];
    });
}

function missingFolder(folder: string, from: Written | undefined) {
  const rule = 'flux-path' as const;
  if (from === undefined)
    return { rule, file: folder, what: 'the box applies this folder, and the commit has none' };
  return {
    rule,
    file: from.file,
    line: from.source.lineOf(['spec', 'path']),
    what: `${folder} is not in the commit`,
  };
}

const specOf = ({ object }: Written) => (isRecord(object['spec']) ? object['spec'] : {});
