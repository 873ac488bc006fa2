import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Program } from '../../contract/programs.ts';
import { type ProgressPart, tracked } from '../../contract/progress.ts';
import { hasBox, type Site } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Component } from '../bundle/sbom.ts';
import type { BuildHost } from '../host.ts';
import { together } from '../together.ts';
import type { BuildRoot } from './build-root.ts';
import { type Carried, GENERATOR, readCarried } from './carried.ts';
import { fetchCharts } from './charts.ts';
import { goComponents, type LinkedModule, nodeComponent } from './components.ts';
import { generateCrds } from './crds.ts';
import { licensedDebian } from './debian-licences.ts';
import { fetchFiles } from './files.ts';
import { checkVersions, type PartVersions } from './image-version.ts';
import { type RecipeParts, recipeImages } from './images.ts';
import { fetchNode } from './node.ts';
import { npmVersions } from './npm-versions.ts';
import { assembleOs } from './os-root.ts';
import type { BoxParts, BuiltImage, Parts } from './parts.ts';
import { AGENT_ENTRY, type Placement } from './placement.ts';
import { compileProgram, linkedLicences, linkedModules, moduleList } from './programs.ts';
import { recipeFolder, recipeScripts } from './recipes.ts';
import { bundleScript, type Script } from './script.ts';
import { fetchSources } from './sources.ts';
import { type GoToolchain, goToolchain } from './toolchain.ts';
import { isTool } from './tools.ts';
import { fetchUpstream } from './upstream.ts';

/**
 * Fills the cache from the lock: downloads, compiles, assembles. What the cache has is not made again.
 * Programs are compiled one after another, as the Go compiler uses every core by itself; Debian roots,
 * Node and published images are brought beside them.
 */
export async function fetchParts(site: Site, lock: Lock, root: BuildRoot, host: BuildHost): Promise<Parts> {
  const { programs: definitions, ...carried } = await readCarried(host.repository, site);
  const sources = { ...root, ...carried, lock, definitions };
  const [published, charts, files, repositories, made] = await together(
    [
      (signal) => fetchUpstream(site, lock, { ...host, signal }),
      (signal) => fetchCharts(site, lock, { ...host, signal }),
      (signal) => fetchFiles(site, lock, { ...host, signal }),
      (signal) => fetchSources(site, lock, root.sandbox, { ...host, signal }),
      (signal) => (hasBox(site) ? makeBox(sources, { ...host, signal }) : Promise.resolve(null)),
    ],
    host.signal,
  );
  const { programs = {}, node = null } = made?.box ?? {};
  const scripts = await bundleScripts(sources, host);
  const built = await buildImages({ ...sources, programs, node, scripts }, host);
  return {
    sandbox: root.sandbox,
    images: [...built, ...published],
    charts,
    files,
    repositories,
    box: made?.box ?? null,
    components: [
      ...(await licensedDebian(sources, made?.base ?? null, host)),
      ...(made?.components ?? []),
      ...[...scripts.values()].flatMap(({ components }) => components),
    ],
    lock,
  };
}

interface Sources extends BuildRoot, Omit<Carried, 'programs'> {
  lock: Lock;
  definitions: Program[];
}

/** What the box itself runs. */
async function makeBox(
  sources: Sources,
  host: BuildHost,
): Promise<{ box: BoxParts; base: CachedFile; components: Component[] }> {
  const { lock, bundles, definitions, debs, sandbox, placement } = sources;
  const toolchain = await goToolchain(sources, host);
  const [compiled, system, node] = await together(
    [
      (signal) => compileAll(definitions, placement, toolchain, { ...host, signal }),
      (signal) => assembleOs(lock, debs, sandbox, { ...host, signal }),
      (signal) => nodeOf(lock, { ...host, signal }),
    ],
    host.signal,
  );
  const generator = compiled.programs[GENERATOR];
  if (generator === undefined) throw new Error(`supply/go/programs.yaml has no ${GENERATOR}`);
  const crds = await part(host, { id: 'crds', title: 'Flux CRDs', phase: 'assemble' }, () =>
    generateCrds(generator, toolchain, host),
  );
  const onBox = new Set(bundles.programs);
  const hostPrograms = definitions
    .filter(({ name }) => onBox.has(name))
    .flatMap(({ outputs }) => outputs.map(({ bin }) => bin));
  const agent = await bundleScript(AGENT_ENTRY, placement.script(AGENT_ENTRY), host);
  const { programs } = compiled;
  return {
    box: { programs, hostPrograms, node: node.file, agent: agent.file, crds: crds.file, os: system.os },
    base: system.base,
    components: [...compiled.components, nodeComponent(lock, placement.node()), ...agent.components],
  };
}

const nodeOf = async (lock: Lock, host: BuildHost) =>
  await part(host, { id: 'node', title: `Node ${lock.node.version}`, phase: 'download' }, () =>
    fetchNode(lock, host),
  );

interface Compiled {
  programs: Record<string, CachedFile>;
  components: Component[];
}

async function compileAll(
  definitions: Program[],
  placement: Placement,
  toolchain: GoToolchain,
  host: BuildHost,
): Promise<Compiled> {
  const programs: Record<string, CachedFile> = {};
  const linked: LinkedModule[] = [];
  const licences = new Map<string, string>();
  for (const program of definitions.filter(({ name }) => !isTool(name))) {
    const title = `${program.name} ${program.modules[0]?.version ?? ''}`;
    const { files } = await part(host, { id: `go/${program.name}`, title, phase: 'compile' }, () =>
      compileProgram(program, toolchain, host),
    );
    const { [moduleList]: list, ...outputs } = files;
    Object.assign(programs, outputs);
    if (list === undefined || placement.program(program.name).length === 0) continue;
    const modules = await linkedModules(list);
    for (const found of modules) linked.push({ program: program.name, ...found });
    for (const entry of await linkedLicences(program, modules, toolchain, host)) licences.set(...entry);
  }
  return { programs, components: goComponents({ definitions, linked, licences }, placement.program) };
}

interface ImageSources extends Sources {
  programs: Record<string, CachedFile>;
  node: CachedFile | null;
  /** Of images, by entry. */
  scripts: ReadonlyMap<string, Script>;
}

/** The programs of this repository that images hold. */
async function bundleScripts({ recipes, placement }: Sources, host: BuildHost): Promise<Map<string, Script>> {
  const scripts = new Map<string, Script>();
  for (const entry of recipeScripts(recipes))
    scripts.set(entry, await bundleScript(entry, placement.script(entry), host));
  return scripts;
}

/** The images that have a recipe. */
async function buildImages(sources: ImageSources, host: BuildHost): Promise<BuiltImage[]> {
  const { lock, recipes, definitions } = sources;
  const parts = recipeParts(sources);
  const versions = versionsOf(definitions, lock, await npmVersions(host.repository));
  const all: BuiltImage[] = [];
  for (const recipe of recipes) {
    const { name } = recipe;
    checkVersions(recipe, versions);
    const folder = recipeFolder(host.repository, name);
    const work = () => recipeImages(recipe, folder, parts, host.cache, lock.epoch);
    all.push(
      ...(await part(host, { id: `image/${name}`, title: `image ${name}`, phase: 'assemble' }, work)).images,
    );
  }
  return all;
}

function recipeParts({ debs, programs, node, scripts }: ImageSources): RecipeParts {
  const there = (file: CachedFile | null | undefined, subject: string, missing: string) => {
    if (file) return file;
    throw new CpiabError('E3006', { subject, args: [missing] });
  };
  return {
    program: (output) => there(programs[output], output, 'no such program is compiled'),
    node: () => there(node, 'node', 'a site without a box has no Node.js'),
    script: async (entry) => there(scripts.get(entry)?.file, entry, 'no such program is bundled'),
    debian: (name) => debs.file(name),
    unpack: (deb, directory) => debs.unpack(deb, directory),
  };
}

function versionsOf(definitions: Program[], lock: Lock, npm: ReadonlyMap<string, string>): PartVersions {
  return {
    module: (program, module) =>
      definitions.find(({ name }) => name === program)?.modules.find((found) => found.module === module)
        ?.version ?? null,
    npm: (name) => npm.get(name) ?? null,
    debian: (name) => lock.debian.packages.find((deb) => deb.name === name)?.version ?? null,
  };
}

/** Reports one part, and whether the cache had it. */
async function part<Result extends { cached: boolean }>(
  host: BuildHost,
  about: ProgressPart,
  work: () => Promise<Result>,
): Promise<Result> {
  host.signal.throwIfAborted();
  return await tracked(host.progress, about, work, ({ cached }) => ({ cached }));
}
