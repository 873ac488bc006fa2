import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal, pipeline, type Readable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, digestOf } from '../../contract/manifest.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import { hashing } from '../../host/hashing.ts';
import { type LayerPackages, scanLayer } from '../packages/scan.ts';
import { isCompressed, unpackLayer } from './unpack-layer.ts';

/** A layer of an image that others published, in the cache's pool. */
export interface PublishedLayer {
  /** An image that has it, for messages. */
  reference: string;
  mediaType: string;
  file: CachedFile;
  /** What the image's config says of the uncompressed layer. */
  diffId: Digest;
}

/** Raised when more is read from layers. */
const SCAN = 2;
const PIECE = 1 << 20;

/**
 * What a layer says of packages. It is read once, however many images and builds have it, and unpacked on
 * its way: nothing of it is written.
 * @throws CpiabError E2103 when it isn't what the config says, E3017 when it is no tar, E3066
 *   and E3067 when it can't be unpacked.
 */
export async function layerPackages(
  layer: PublishedLayer,
  cache: Cache,
  signal: AbortSignal,
): Promise<LayerPackages> {
  const key = { layer: layer.file.sha256, diffId: layer.diffId, scan: SCAN };
  const { files } = await cache.files('layer-packages', key, async (scratch) => {
    await cache.check(layer.file, signal);
    const hash = createHash('sha256');
    const found = await scanLayer(unpacked(layer, hash, signal)).catch((cause: unknown) => {
      signal.throwIfAborted();
      // The disk's errors, and those of unpacking, say more.
      if (cause instanceof CpiabError || (cause as NodeJS.ErrnoException).syscall !== undefined) throw cause;
      throw new CpiabError('E3017', { subject: nameOf(layer), args: ['it is not a tar'], cause });
    });
    expectDiffId(layer, hash.digest('hex'));
    const packages = join(scratch, 'packages.json');
    await writeFile(packages, JSON.stringify(found));
    return { packages };
  });
  return JSON.parse(await readFile(files.packages.path, 'utf8')) as LayerPackages;
}

/** A layer as the plain tar that a box lays out. @throws CpiabError E2103 when it isn't what the config says. */
export async function layerTar(
  layer: PublishedLayer,
  cache: Cache,
  signal: AbortSignal,
): Promise<CachedFile> {
  if (!isCompressed(layer.mediaType)) return layer.file;
  const { files } = await cache.files('layer-tar', { layer: layer.file.sha256 }, async (scratch) => {
    const tar = join(scratch, 'layer.tar');
    await cache.check(layer.file, signal);
    await piped(unpacked(layer, createHash('sha256'), signal), createWriteStream(tar), { signal });
    return { tar };
  });
  expectDiffId(layer, files.tar.sha256);
  return files.tar;
}

function expectDiffId(layer: PublishedLayer, sha256: string): void {
  if (digestOf(sha256) !== layer.diffId) throw new CpiabError('E2103', { subject: nameOf(layer) });
}

const nameOf = ({ reference, file }: PublishedLayer) => `${reference} layer sha256:${file.sha256}`;

/** The uncompressed layer, which passes the hash on its way, until the signal ends it. */
function unpacked(layer: PublishedLayer, hash: Hash, signal: AbortSignal): Readable {
  const plain = unpackLayer(layer.file, layer.mediaType, { subject: nameOf(layer) });
  const source = plain ?? createReadStream(layer.file.path, { highWaterMark: PIECE });
  // What goes wrong is told by the last stream, to who reads it.
  return addAbortSignal(
    signal,
    pipeline(source, hashing(hash), () => {}),
  );
}
