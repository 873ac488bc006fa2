import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { type Extract, extract } from 'tar-stream';

/** Every entry of an uncompressed layer in its order, each to be read or passed over before the next. */
export function entriesOf(layer: Readable): Extract {
  const archive = extract();
  layer.on('error', (error) => archive.destroy(error)).pipe(archive);
  return archive;
}

/** The same of a file. */
export const entriesOfFile = (path: string): Extract =>
  entriesOf(createReadStream(path, { highWaterMark: 1 << 20 }));

/** An entry's path without the layer's root and a final slash; null when it leads out of the layer. */
export function insideLayer(path: string): string | null {
  const plain = posix.normalize(path).replace(/^\/+|\/+$/g, '');
  if (plain === '..' || plain.startsWith('../')) return null;
  return plain === '.' ? '' : plain;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * What a path inside a layer says is gone of the layers below: itself, or all that they have in a
 * directory. Null for a path that is what it is.
 * Source: OCI Image Specification 1.1, layer.md, whiteouts.
 */
export function whiteoutOf(path: string): { gone: string } | { opaque: string } | null {
  const { dir, base } = posix.parse(path);
  if (base === OPAQUE) return { opaque: dir };
  if (!base.startsWith(WHITEOUT)) return null;
  const gone = base.slice(WHITEOUT.length);
  // These would be the directory itself, or what lies around it.
  return ['', '.', '..'].includes(gone) ? null : { gone: posix.join(dir, gone) };
}
