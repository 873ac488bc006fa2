import { chmod, cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { firewallElements } from '../../contract/firewall.ts';
import { box, type ModuleName } from '../../contract/layout.ts';
import { hexOf } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import { writeAtomic } from '../../host/files.ts';
import type { SiteKeys } from '../bundle/keys.ts';
import type { BoxParts, BuiltImage, Parts } from '../fetch/parts.ts';
import type { BuildHost } from '../host.ts';
import { type DiskLoader, makeDiskLoader } from '../image/disk/loader.ts';
import { moduleFromDirectory, moduleFromTar } from '../image/module.ts';
import { type EngineEntry, type UnpackedLayer, writeEngineTar } from './engine-tar.ts';

/** The operating system, ready to boot: what goes below `live/` on the medium. */
export interface Composed {
  kernel: CachedFile;
  initrd: CachedFile;
  /** Lowest first. */
  modules: { name: ModuleName; file: CachedFile }[];
  loader: DiskLoader;
}

export interface ComposeInput {
  site: Site;
  /** Seconds since the epoch: every file's time. */
  epoch: number;
  parts: Parts;
  /** The parts' own, of a site that has a box. */
  box: BoxParts;
  keys: Pick<SiteKeys, 'publicKey' | 'operatorCa'>;
}

/** Raised when the way module 20-engine is put together changes. */
const ENGINE_RECIPE = 2;

/** Names under which the host starts the multicall binary that also is the control plane's image. */
const KUBE_NAMES = ['etcdctl', 'etcdutl', 'kubeadm', 'kubectl', 'kubelet', 'kube-proxy'];

/** Stacks the modules: OS, then engine and images, then agent and site; the most stable lowest. */
export async function composeModules(host: BuildHost, input: ComposeInput): Promise<Composed> {
  const { os } = input.box;
  return {
    kernel: os.kernel,
    initrd: os.initrd,
    modules: [
      { name: '10-os', file: os.module },
      { name: '20-engine', file: await engineModule(host, input) },
      { name: '30-agent', file: await agentModule(host, input) },
    ],
    loader: await makeDiskLoader(host.cache, input.parts.sandbox, input.epoch, host.signal),
  };
}

async function engineModule(host: BuildHost, { parts, box: own, epoch }: ComposeInput): Promise<CachedFile> {
  const entries = engineEntries(own, parts.images);
  const layers = await unpackedLayers(parts.images);
  const key = {
    recipe: ENGINE_RECIPE,
    entries,
    layers: layers.map(({ prefix }) => prefix),
    epoch,
    tools: parts.sandbox.key,
  };
  const { files } = await host.cache.files('module-engine', withoutPaths(key), async (scratch) => {
    for (const { file } of entries.filter((entry) => 'file' in entry))
      await host.cache.check(file, host.signal);
    for (const { tar } of layers) await host.cache.check(tar, host.signal);
    const tar = join(scratch, 'engine.tar');
    await writeEngineTar(tar, entries, layers, epoch, host.signal);
    return { module: await moduleFromTar(parts.sandbox, { tar, epoch, scratch, signal: host.signal }) };
  });
  return files.module;
}

function engineEntries(own: BoxParts, images: BuiltImage[]): EngineEntry[] {
  const programs = Object.entries({ ...pick(own.programs, own.hostPrograms), node: own.node });
  const entries: EngineEntry[] = programs.map(([name, file]) => ({
    path: `${box.programs.slice(1)}/${name}`,
    file,
  }));
  const kube = `../lib/cpiab/layers/${kubeLayer(images)}/usr/bin/kube`;
  return [...entries, ...KUBE_NAMES.map((name) => ({ path: `usr/bin/${name}`, symlink: kube }))];
}

/** The layer with the multicall binary: the host runs the same file as the control plane's containers. */
function kubeLayer(images: BuiltImage[]): string {
  const image = images.find(({ references }) => references.some((name) => name.includes('/kube-apiserver:')));
  const diffId = image?.layers[0]?.diffId;
  if (diffId === undefined) throw new Error('no kube-apiserver image among the parts');
  return hexOf(diffId);
}

async function unpackedLayers(images: BuiltImage[]): Promise<UnpackedLayer[]> {
  const layers = new Map<string, UnpackedLayer>();
  for (const { diffId, tar } of images.flatMap((image) => image.layers)) {
    const prefix = `usr/lib/cpiab/layers/${hexOf(diffId)}`;
    layers.set(prefix, { prefix, tar: await tar() });
  }
  return [...layers.values()].toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

async function agentModule(host: BuildHost, input: ComposeInput): Promise<CachedFile> {
  const scratch = await host.cache.scratch('agent-tree');
  try {
    const directory = join(scratch, 'tree');
    await fillAgentTree(directory, host, input);
    const { epoch, parts } = input;
    const module = await moduleFromDirectory(parts.sandbox, {
      directory,
      epoch,
      scratch,
      signal: host.signal,
    });
    return await host.cache.adopt(module);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function fillAgentTree(
  tree: string,
  host: BuildHost,
  { site, box: own, keys }: ComposeInput,
): Promise<void> {
  await cp(join(host.repository, 'agent', 'files'), tree, { recursive: true, verbatimSymlinks: true });
  const generated: Record<string, string> = {
    [box.site]: stringify(site),
    [box.siteKey]: keys.publicKey,
    [box.firewall]: firewallElements(site),
    [box.encryptionWanted]: `${site.disk.encrypt}\n`,
    [box.operatorCa]: keys.operatorCa,
  };
  for (const [path, text] of Object.entries(generated)) await place(tree, path, text);
  for (const [path, file] of [
    [box.agent, own.agent],
    [box.fluxCrds, own.crds],
  ] as const) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await cp((await host.cache.check(file, host.signal)).path, join(tree, path));
  }
  await plainModes(tree);
}

/** Modes 0755 and 0644, whatever umask the work tree was checked out with. */
async function plainModes(tree: string): Promise<void> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  await chmod(tree, 0o755);
  for (const entry of entries.filter((found) => !found.isSymbolicLink())) {
    const path = join(entry.parentPath, entry.name);
    const executable = entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0;
    await chmod(path, executable ? 0o755 : 0o644);
  }
}

async function place(tree: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeAtomic(join(tree, path), text);
}

function pick(programs: Record<string, CachedFile>, names: string[]): Record<string, CachedFile> {
  return Object.fromEntries(
    names.map((name) => {
      const file = programs[name];
      if (file === undefined) throw new Error(`no program ${name} among the parts`);
      return [name, file];
    }),
  );
}

/** A cache key says what files contain, not where they lie. */
function withoutPaths(key: { entries: EngineEntry[]; layers: string[]; epoch: number; tools: string }) {
  const entries = key.entries.map((entry) =>
    'file' in entry ? { path: entry.path, sha256: entry.file.sha256 } : entry,
  );
  return { ...key, entries };
}
