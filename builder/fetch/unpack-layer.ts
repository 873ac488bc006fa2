import { createReadStream } from 'node:fs';
import { pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CpiabError } from '../../contract/errors.ts';
import type { CachedFile } from '../../host/cache.ts';

/** What a layer may always unpack to, bytes. Beyond it, only a fair multiple of what was fetched. */
const ALWAYS = 2 ** 30;
/** Layers of programs shrink to a third. A hundred leaves room for sparse files and stops bombs, which reach thousands. */
const MOST_TIMES = 100;

/**
 * A layer as it is unpacked, up to where it can't be honest any more.
 * @returns null for a layer that isn't compressed; else a stream whose reader gets CpiabError E3066 when it can't be
 *   unpacked, E3067 when it unpacks to too much, or the file system's error.
 */
export function unpackLayer(
  { path, size }: Pick<CachedFile, 'path' | 'size'>,
  mediaType: string,
  { subject, always = ALWAYS }: { subject: string; always?: number },
): Readable | null {
  const decode = decoder(mediaType);
  if (decode === null) return null;
  const bounded = bound(Math.max(always, size * MOST_TIMES), subject);
  // Before the pipeline hands on what zlib and zstd say of it.
  decode.once('error', (cause) =>
    bounded.destroy(new CpiabError('E3066', { subject, args: [cause.message], cause })),
  );
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  // What goes wrong is told by the last stream, to who reads it.
  source.once('error', (cause) => bounded.destroy(cause));
  return pipeline(source, decode, bounded, () => {});
}

function bound(most: number, subject: string): Transform {
  let left = most;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      left -= chunk.length;
      if (left < 0) done(new CpiabError('E3067', { subject, args: [String(most)] }));
      else done(null, chunk);
    },
  });
}

/** Whether a layer is more than a plain tar. */
export const isCompressed = (mediaType: string): boolean => /[.+]gzip$|\+zstd$/.test(mediaType);

/** Source: OCI Image Specification 1.1, layer.md; Docker's image manifest version 2, schema 2. */
function decoder(mediaType: string) {
  if (/[.+]gzip$/.test(mediaType)) return createGunzip();
  return mediaType.endsWith('+zstd') ? createZstdDecompress() : null;
}
