import { glob, lstat, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import type { LayerSource } from '../../contract/image.ts';
import type { LayerEntry } from './layer-tar.ts';

/** Where the parts of an image are. */
export interface ImageInputs {
  /** The recipe's folder. */
  folder: string;
  /** Path of a Go program's output. */
  program(output: string): Promise<string>;
  /** Path of Node.js. */
  node(): Promise<string>;
  /** Path of a bundled program of this repository. */
  script(entry: string): Promise<string>;
  /** Directory that a Debian package was unpacked into. */
  debian(name: string): Promise<string>;
}

/**
 * The entries of one layer, parents first, sorted by path in code-unit order. Modes are made plain
 * (0755 for what somebody may execute, else 0644): the umask that a part was unpacked with must not show.
 * @throws CpiabError E3006 when a part is missing or two sources give the same path.
 */
export async function layerEntries(
  name: string,
  sources: LayerSource[],
  inputs: ImageInputs,
): Promise<LayerEntry[]> {
  const entries = new Map<string, LayerEntry>();
  for (const source of sources) {
    for (const entry of await expand(name, source, inputs)) {
      if (entries.has(entry.path)) throw bad(name, `two sources give /${entry.path}`);
      entries.set(entry.path, entry);
    }
  }
  for (const { path } of [...entries.values()]) {
    for (let parent = dirname(path); parent !== '.' && !entries.has(parent); parent = dirname(parent)) {
      entries.set(parent, directory(parent));
    }
  }
  return [...entries.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function expand(name: string, source: LayerSource, inputs: ImageInputs): Promise<LayerEntry[]> {
  if ('go' in source) return [await program(await inputs.program(source.go), relative(source.to))];
  if ('node' in source) return [await program(await inputs.node(), relative(source.node))];
  if ('script' in source) return [await program(await inputs.script(source.script), relative(source.to))];
  if ('debian' in source) {
    const root = await inputs.debian(source.debian);
    return (await Promise.all(source.take.map((pattern) => below(name, root, pattern)))).flat();
  }
  if ('files' in source) return await below(name, join(inputs.folder, source.files), '**');
  if ('directory' in source) {
    const { uid, gid } = source;
    return [directory(relative(source.directory), Number.parseInt(source.mode, 8), uid, gid)];
  }
  if ('links' in source) {
    return source.links.map((path) => ({ kind: 'link', path: relative(path), target: source.to }));
  }
  return accounts(source.users);
}

async function program(path: string, to: string): Promise<LayerEntry> {
  const { size } = await lstat(path);
  return { kind: 'file', path: to, mode: 0o755, content: { path, size } };
}

/** Files and links that match; directories come from their content. */
async function below(name: string, root: string, pattern: string): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  for await (const path of glob(pattern, { cwd: root })) {
    const entry = await taken(join(root, path), path);
    if (entry !== null) entries.push(entry);
  }
  if (entries.length === 0) throw bad(name, `nothing matches ${pattern}`);
  return entries;
}

async function taken(from: string, path: string): Promise<LayerEntry | null> {
  const found = await lstat(from);
  if (found.isSymbolicLink()) return { kind: 'link', path, target: await readlink(from) };
  if (!found.isFile()) return null;
  const mode = (found.mode & 0o111) === 0 ? 0o644 : 0o755;
  return { kind: 'file', path, mode, content: { path: from, size: found.size } };
}

/** Sources: passwd(5), group(5). Nobody logs in to a container, so no shell and no password. */
function accounts(users: { name: string; id: number; home: string }[]): LayerEntry[] {
  const all = [{ name: 'root', id: 0, home: '/root' }, ...users];
  const passwd = all.map(({ name, id, home }) => `${name}:x:${id}:${id}::${home}:/sbin/nologin\n`);
  const group = all.map(({ name, id }) => `${name}:x:${id}:\n`);
  return [text('etc/passwd', passwd.join('')), text('etc/group', group.join(''))];
}

function text(path: string, content: string): LayerEntry {
  return { kind: 'file', path, mode: 0o644, content: { bytes: Buffer.from(content) } };
}

function directory(path: string, mode = 0o755, uid = 0, gid = 0): LayerEntry {
  return { kind: 'directory', path, mode, uid, gid };
}

function relative(path: string): string {
  return path.slice(1);
}

function bad(name: string, what: string): CpiabError {
  return new CpiabError('E3006', { subject: `images/oci/${name}/image.yaml`, args: [what] });
}
