import { createReadStream, createWriteStream } from 'node:fs';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Header, type Pack, pack } from 'tar-stream';
import { CpiabError } from '../../contract/errors.ts';
import type { CachedFile } from '../../host/cache.ts';
import { entriesOfFile, insideLayer, whiteoutOf } from '../fetch/read-layer.ts';
import { LayerShape } from './layer-shape.ts';

/** A file, directory or symbolic link of module 20-engine, owned by root. */
export type EngineEntry =
  | { path: string; file: CachedFile }
  | { path: string; symlink: string }
  | { path: string; directory: true };

/** An image layer that is laid out, unpacked, in the module. */
export interface UnpackedLayer {
  /** Directory in the module, no slash at either end. */
  prefix: string;
  /** The layer, an uncompressed tar. */
  tar: CachedFile;
}

/**
 * Writes the tar that becomes module 20-engine: programs, links, and every image layer below its own
 * directory with the owners and modes the layer gives. Needs no privilege, as nothing is unpacked here.
 * @param epoch seconds; the time of every entry.
 */
export async function writeEngineTar(
  path: string,
  entries: EngineEntry[],
  layers: UnpackedLayer[],
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const archive = pack();
  const mtime = new Date(epoch * 1000);
  const written = pipeline(archive, createWriteStream(path), { signal });
  const filled = (async () => {
    for (const directory of parents([...entries, ...layers.map(({ prefix }) => ({ path: `${prefix}/.` }))])) {
      archive.entry({ name: directory, type: 'directory', mode: 0o755, mtime });
    }
    for (const entry of entries) await addEntry(archive, entry, mtime);
    for (const layer of layers) await addLayer(archive, layer, mtime);
    archive.finalize();
  })();
  await Promise.all([written, filled]);
}

async function addEntry(archive: Pack, entry: EngineEntry, mtime: Date): Promise<void> {
  if ('file' in entry) {
    const sink = archive.entry({ name: entry.path, mode: 0o755, size: entry.file.size, mtime });
    await pipeline(createReadStream(entry.file.path), sink);
  } else if ('symlink' in entry) {
    archive.entry({ name: entry.path, type: 'symlink', linkname: entry.symlink, mode: 0o777, mtime });
  } else {
    archive.entry({ name: entry.path, type: 'directory', mode: 0o755, mtime });
  }
}

async function addLayer(archive: Pack, { prefix, tar }: UnpackedLayer, mtime: Date): Promise<void> {
  const opaque = await opaqueDirectories(tar, prefix);
  const shape = new LayerShape();
  for await (const entry of entriesOfFile(tar.path)) {
    const header = placed(entry.header, prefix, mtime, shape);
    if (header === null) entry.resume();
    else await pipeline(entry, archive.entry(opaque.has(header.name) ? { ...header, pax: OPAQUE } : header));
  }
}

/** How overlayfs shows an opaque directory. Source: the kernel's overlayfs.rst. */
const OPAQUE = { 'SCHILY.xattr.trusted.overlay.opaque': 'y' };

/** Directories of a layer that hide what layers below have there. */
async function opaqueDirectories(tar: CachedFile, prefix: string): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const entry of entriesOfFile(tar.path)) {
    const whiteout = whiteoutOf(insideLayer(entry.header.name) ?? '');
    if (whiteout !== null && 'opaque' in whiteout) found.add(`${prefix}/${whiteout.opaque}`);
    entry.resume();
  }
  return found;
}

/**
 * A layer's entry below the layer's directory; null for the layer's root, whose directory is there already.
 * Only what a tar header holds is taken over: pax records would set the old name and time again.
 * @throws CpiabError E3019 for what the module can't show, or what would land outside.
 */
function placed(header: Header, prefix: string, mtime: Date, shape: LayerShape): Header | null {
  const path = insideLayer(header.name) ?? '';
  const target = targetOf(header);
  const why = unfit(header) ?? shape.add(path, header.type === 'directory', target);
  if (why !== null)
    throw new CpiabError('E3019', {
      subject: `layer ${posix.basename(prefix)}`,
      args: [`${header.name} ${why}`],
    });
  if (path === '') return null;
  const whiteout = whiteoutOf(path);
  if (whiteout !== null) return 'gone' in whiteout ? device(posix.join(prefix, whiteout.gone), mtime) : null;
  const linkname = target === null ? header.linkname : `${prefix}/${target}`;
  return moved(header, `${prefix}/${path}`, linkname, mtime);
}

/** What a hard link leads to, below the layer; null for what is none. */
function targetOf({ type, linkname }: Header): string | null {
  return type === 'link' ? (insideLayer(linkname ?? '') ?? '') : null;
}

function moved(
  { type, mode, uid, gid, size }: Header,
  name: string,
  linkname: string | null | undefined,
  mtime: Date,
) {
  const plain = { name, type, mode, uid, gid, size, mtime };
  return (linkname ? { ...plain, linkname } : plain) as Header;
}

/** How overlayfs shows that something is gone. Source: the kernel's overlayfs.rst. */
function device(name: string, mtime: Date): Header {
  const plain = { mode: 0, uid: 0, gid: 0, size: 0, mtime };
  return { name, type: 'character-device', devmajor: 0, devminor: 0, ...plain } as Header;
}

const PLAIN_TYPES = new Set<Header['type']>(['file', 'directory', 'symlink', 'link']);

/** Why the module can't show an entry, or null. */
function unfit({ name, type, pax, linkname = '' }: Header): string | null {
  const path = insideLayer(name);
  if (path === null) return 'leads out of it';
  if (!PLAIN_TYPES.has(type)) return `is a ${type}`;
  if (type === 'link' && insideLayer(linkname) === null) return `links to ${linkname}`;
  if (posix.basename(path).startsWith('.wh.') && whiteoutOf(path) === null) return 'hides nothing';
  const records = (pax ?? {}) as Record<string, unknown>;
  return 'SCHILY.xattr.security.capability' in records ? 'has file capabilities' : null;
}

/** Every parent directory of the entries, shortest first. */
function parents(entries: { path: string }[]): string[] {
  const found = new Set<string>();
  for (const { path } of entries) {
    const parts = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) found.add(parts.slice(0, depth).join('/'));
  }
  return [...found].toSorted();
}
