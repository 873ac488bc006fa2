import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import { readReference } from '../lock/upstream.ts';
import { type LayerPackages, scanLayer } from '../packages/scan.ts';
import { fetchBlob } from '../registry/blob.ts';
import { readConfig } from '../registry/config.ts';
import { type RemoteDescriptor, type RemoteImage, resolveImage } from '../registry/manifests.ts';
import { openRegistries, type Registries } from '../registry/registries.ts';
import type { BuiltImage } from './parts.ts';

type Locked = Lock['upstream'][number];

/** Blobs that are fetched at a time, over all registries. */
const PARALLEL = 4;
const ID = 'upstream';

/**
 * Brings every published image of the lock into the cache, each blob once, the largest first.
 * @throws CpiabError E3011…E3018 of a registry, E2103 for content that isn't what its digest says.
 */
export async function fetchUpstream(site: Site, lock: Lock, host: BuildHost): Promise<BuiltImage[]> {
  if (lock.upstream.length === 0) return [];
  const registries = openRegistries(site, host.repository, host.signal);
  const part = { id: ID, title: `${lock.upstream.length} published images`, phase: 'download' as const };
  try {
    const work = async () => await fetchImages(lock.upstream, registries, host);
    const { images } = await tracked(host.progress, part, work, ({ bytes }) => ({
      bytes,
      cached: bytes === 0,
    }));
    return images;
  } finally {
    await registries.close();
  }
}

/** The images, and how many bytes had to be fetched for them. */
async function fetchImages(
  all: Locked[],
  registries: Registries,
  host: BuildHost,
): Promise<{ images: BuiltImage[]; bytes: number }> {
  const turns = { parallel: PARALLEL, signal: host.signal };
  const described = await inTurn(all, turns, async (locked) => ({
    locked,
    remote: await describe(locked, registries),
  }));
  const wanted = new Map<Digest, { blob: RemoteDescriptor; locked: Locked }>();
  for (const { locked, remote } of described)
    for (const blob of [remote.config, ...remote.layers]) wanted.set(blob.digest, { blob, locked });
  const queue = [...wanted.values()].toSorted((a, b) => b.blob.size - a.blob.size);
  const total = await missingBytes(queue, host.cache);
  let bytes = 0;
  await inTurn(queue, turns, async ({ blob, locked }, signal) => {
    const { host: name, repository } = readReference(locked.reference);
    const request = { repository, sha256: hex(blob.digest), size: blob.size };
    const onBytes = (count: number) => {
      bytes += count;
      host.progress({ type: 'progress', id: ID, bytes, total });
    };
    await fetchBlob(await registries.of(name), request, { cache: host.cache, signal, onBytes });
  });
  const work = async ({ locked, remote }: (typeof described)[number]) =>
    await builtImage(locked, remote, host.cache);
  return { images: await inTurn(described, turns, work), bytes };
}

async function missingBytes(queue: { blob: RemoteDescriptor }[], cache: Cache): Promise<number> {
  const missing = await Promise.all(
    queue.map(async ({ blob: { digest, size } }) => {
      const found = await stat(cache.blobPath(hex(digest))).catch(() => null);
      return found?.size === size ? 0 : size;
    }),
  );
  return missing.reduce((sum, size) => sum + size, 0);
}

/** The locked image as its registry has it: asked for by digest, so that nothing but the locked one can come. */
async function describe({ reference, digest }: Locked, registries: Registries): Promise<RemoteImage> {
  const { host, repository } = readReference(reference);
  return await resolveImage(await registries.of(host), { host, repository, digest });
}

async function builtImage({ reference }: Locked, remote: RemoteImage, cache: Cache): Promise<BuiltImage> {
  const { top, manifest, config } = remote;
  const diffIds = readConfig(await readFile(poolFile(config, cache).path), reference);
  if (diffIds.length !== remote.layers.length)
    throw new CpiabError('E3017', {
      subject: reference,
      args: ['its config has other layers than its manifest'],
    });
  const layers: BuiltImage['layers'] = [];
  for (const [index, layer] of remote.layers.entries()) {
    const diffId = diffIds[index] as Digest;
    const file = poolFile(layer, cache);
    layers.push({ file, diffId, tar: await uncompressed(reference, layer.mediaType, file, diffId, cache) });
  }
  const shared = {
    references: [reference],
    manifest: { file: await cache.put(manifest.bytes), mediaType: manifest.mediaType },
    config: { file: poolFile(config, cache) },
    layers,
    packages: await packagesOf(reference, layers, cache),
  };
  if (top.digest === manifest.digest) return shared;
  return { ...shared, index: { file: await cache.put(top.bytes), mediaType: top.mediaType } };
}

/** Raised when more is read from layers. */
const SCAN = 1;

/** Each layer is read once, however many images and builds have it. */
async function packagesOf(
  reference: string,
  layers: BuiltImage['layers'],
  cache: Cache,
): Promise<LayerPackages[]> {
  const all: LayerPackages[] = [];
  for (const { tar } of layers) {
    const { files } = await cache.files(
      'layer-packages',
      { tar: tar.sha256, scan: SCAN },
      async (scratch) => {
        const packages = join(scratch, 'packages.json');
        const found = await scanLayer(tar.path).catch((cause: unknown) => {
          throw new CpiabError('E3017', {
            subject: reference,
            args: [`layer ${tar.sha256} is not a tar`],
            cause,
          });
        });
        await writeFile(packages, JSON.stringify(found));
        return { packages };
      },
    );
    all.push(JSON.parse(await readFile(files.packages.path, 'utf8')) as LayerPackages);
  }
  return all;
}

/** A layer as the plain tar that the box lays out. @throws CpiabError E2103 when it isn't what the config says. */
async function uncompressed(
  reference: string,
  mediaType: string,
  file: CachedFile,
  diffId: Digest,
  cache: Cache,
): Promise<CachedFile> {
  const unpack = decoder(mediaType);
  if (unpack === null) return file;
  const { files } = await cache.files('layer-tar', { layer: file.sha256 }, async (scratch) => {
    const tar = join(scratch, 'layer.tar');
    await cache.check(file);
    await pipeline(createReadStream(file.path, { highWaterMark: 1 << 20 }), unpack, createWriteStream(tar));
    return { tar };
  });
  if (`sha256:${files.tar.sha256}` !== diffId)
    throw new CpiabError('E2103', { subject: `${reference} layer ${diffId}` });
  return files.tar;
}

/** Source: OCI Image Specification 1.1, layer.md; Docker's image manifest version 2, schema 2. */
function decoder(mediaType: string) {
  if (/[.+]gzip$/.test(mediaType)) return createGunzip();
  return mediaType.endsWith('+zstd') ? createZstdDecompress() : null;
}

function poolFile({ digest, size }: RemoteDescriptor, cache: Cache): CachedFile {
  return { sha256: hex(digest), size, path: cache.blobPath(hex(digest)) };
}

const hex = (digest: Digest) => digest.slice('sha256:'.length);
