import { readFile, stat } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import { formatReference } from '../../contract/reference.ts';
import { signaturesReference } from '../../contract/registry-view.ts';
import type { Site } from '../../contract/site.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import { readReference } from '../lock/upstream.ts';
import type { LayerPackages } from '../packages/scan.ts';
import { readConfig, requireReal } from '../registry/config.ts';
import { imageOf, type RemoteDescriptor, type RemoteImage } from '../registry/manifests.ts';
import type { ImageSignatures } from '../registry/signatures.ts';
import { type Fetching, fetchFromOrigin } from './from-origin.ts';
import type { Origin } from './origin.ts';
import type { BuiltImage } from './parts.ts';
import { layerPackages, layerTar } from './published-layer.ts';
import { type FetchedReferrer, fetchReferrers } from './referrers.ts';
import { lockedSignatures } from './signatures.ts';

type Locked = Lock['upstream'][number];

/** Blobs that are fetched at a time, over all registries. */
const PARALLEL = 4;

/**
 * Brings every published image of the lock into the cache, each blob once, the largest first.
 * @throws CpiabError E3011…E3018 of a registry, E2103 for content that isn't what its digest says, E2140…E2144 for
 *   an image that isn't signed as the site asks, E2145 for a stand-in.
 */
export async function fetchUpstream(site: Site, lock: Lock, host: BuildHost): Promise<BuiltImage[]> {
  if (lock.upstream.length === 0) return [];
  const part = {
    id: 'upstream',
    title: `${lock.upstream.length} published images`,
    phase: 'download' as const,
  };
  return await fetchFromOrigin(part, site, host, async (fetching) => {
    const described = await describeAll(lock.upstream, site, fetching, host);
    await fetchBlobs(described, fetching, host);
    return await inTurn(described, turns(host), async ({ locked, remote, signatures, referrers }, signal) => {
      const built = await builtImage(locked, remote, site, { ...host, signal });
      const image = { ...built, referrers };
      if (signatures === null) return image;
      const reference = signaturesReference(locked.reference, locked.digest);
      return { ...image, signatures: { ...signatures, reference } };
    });
  });
}

const turns = ({ signal }: BuildHost) => ({ parallel: PARALLEL, signal });

/** An image as its origin has it, with its signatures if it needs any. */
interface Described {
  locked: Locked;
  remote: RemoteImage;
  signatures: ImageSignatures | null;
  referrers: FetchedReferrer[];
}

/** An image whose signature is bad is refused before any of its layers come. */
async function describeAll(
  all: Locked[],
  site: Site,
  { origin, onBytes }: Fetching,
  host: BuildHost,
): Promise<Described[]> {
  const { cache, repository } = host;
  return await inTurn(all, turns(host), async (locked, signal) => ({
    locked,
    remote: await describeImage(locked, origin),
    signatures: await lockedSignatures(locked, { site, origin, repository, cache, signal, onBytes }),
    referrers: await fetchReferrers(locked, origin, { cache, signal, onBytes }),
  }));
}

async function fetchBlobs(
  described: Described[],
  { origin, onBytes, onMissing }: Fetching,
  host: BuildHost,
): Promise<void> {
  const { cache } = host;
  const wanted = new Map<Digest, { blob: RemoteDescriptor; locked: Locked }>();
  for (const { locked, remote } of described)
    for (const blob of [remote.config, ...remote.layers]) wanted.set(blob.digest, { blob, locked });
  const queue = [...wanted.values()].toSorted((a, b) => b.blob.size - a.blob.size);
  onMissing(await missingBytes(queue, cache));
  await inTurn(queue, turns(host), async ({ blob, locked }, signal) => {
    await origin.blob(locked, blob, { cache, signal, onBytes });
  });
}

async function missingBytes(queue: { blob: RemoteDescriptor }[], cache: Cache): Promise<number> {
  const missing = await Promise.all(
    queue.map(async ({ blob: { digest, size } }) => {
      const found = await stat(cache.blobPath(hexOf(digest))).catch(() => null);
      return found?.size === size ? 0 : size;
    }),
  );
  return missing.reduce((sum, size) => sum + size, 0);
}

/** The locked image as its origin has it. @throws CpiabError as `resolveImage`; what the origin throws. */
export async function describeImage(locked: Locked, origin: Origin): Promise<RemoteImage> {
  const { reference, digest } = locked;
  const byDigest = async (wanted: Digest) => await origin.document(locked, wanted);
  const { host, repository } = readReference(reference);
  return await imageOf(await byDigest(digest), byDigest, formatReference({ host, repository, digest }));
}

async function builtImage(
  { reference }: Locked,
  remote: RemoteImage,
  site: Site,
  { cache, signal }: Pick<BuildHost, 'cache' | 'signal'>,
): Promise<BuiltImage> {
  const { top, manifest, config } = remote;
  const read = readConfig(await readFile(poolFile(config, cache).path), reference);
  requireReal(read, reference, site);
  const { diffIds } = read;
  if (diffIds.length !== remote.layers.length)
    throw new CpiabError('E3017', {
      subject: reference,
      args: ['its config has other layers than its manifest'],
    });
  const layers: BuiltImage['layers'] = [];
  const packages: LayerPackages[] = [];
  for (const [index, layer] of remote.layers.entries()) {
    const diffId = diffIds[index] as Digest;
    const file = poolFile(layer, cache);
    const published = { reference, mediaType: layer.mediaType, file, diffId };
    packages.push(await layerPackages(published, cache, signal));
    layers.push({ file, diffId, tar: () => layerTar(published, cache, signal) });
  }
  const shared = {
    references: [reference],
    manifest: { file: await cache.put(manifest.bytes), mediaType: manifest.mediaType },
    config: { file: poolFile(config, cache) },
    layers,
    packages,
  };
  if (top.digest === manifest.digest) return shared;
  return { ...shared, index: { file: await cache.put(top.bytes), mediaType: top.mediaType } };
}

function poolFile({ digest, size }: RemoteDescriptor, cache: Cache): CachedFile {
  return { sha256: hexOf(digest), size, path: cache.blobPath(hexOf(digest)) };
}
