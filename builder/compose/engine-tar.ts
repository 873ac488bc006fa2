import { createReadStream, createWriteStream } from 'node:fs';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import type { CachedFile } from '../../host/cache.ts';

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
  const source = extract();
  createReadStream(tar.path)
    .on('error', (error) => source.destroy(error))
    .pipe(source);
  for await (const entry of source) {
    const header = placed(entry.header, prefix, mtime);
    if (header === null) entry.resume();
    else await pipeline(entry, archive.entry(header));
  }
}

/**
 * A layer's entry below the layer's directory; null for the layer's root, whose directory is there already.
 * Only what a tar header holds is taken over: pax records would set the old name and time again.
 * @throws Error for what a plain directory can't show, or what would land outside.
 */
function placed(header: Header, prefix: string, mtime: Date): Header | null {
  const { name, type, mode, uid, gid, size } = header;
  const path = inside(name);
  const why = path === null ? 'leads out of it' : unfit(path, type);
  if (why !== null) throw new Error(`layer ${posix.basename(prefix)}: ${name} ${why}`);
  if (path === '') return null;
  const plain = { name: `${prefix}/${path}`, type, mode, uid, gid, size, mtime };
  const linkname = type === 'link' ? linkedTo(header, prefix) : header.linkname;
  return (linkname ? { ...plain, linkname } : plain) as Header;
}

const PLAIN_TYPES = new Set<Header['type']>(['file', 'directory', 'symlink', 'link']);

/** Why a plain directory can't show an entry, or null. Whiteouts: OCI Image Specification 1.1, layer.md. */
function unfit(path: string, type: Header['type']): string | null {
  if (!PLAIN_TYPES.has(type)) return `is a ${type}`;
  return posix.basename(path).startsWith('.wh.') ? 'is a whiteout' : null;
}

function linkedTo({ name, linkname }: Header, prefix: string): string {
  const target = inside(linkname ?? '');
  if (target === null) throw new Error(`layer ${posix.basename(prefix)}: ${name} links to ${linkname}`);
  return `${prefix}/${target}`;
}

/** A layer's path without its root and final slash; null when it leads out. */
function inside(path: string): string | null {
  const plain = posix.normalize(path).replace(/^\/+|\/+$/g, '');
  if (plain === '..' || plain.startsWith('../')) return null;
  return plain === '.' ? '' : plain;
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
