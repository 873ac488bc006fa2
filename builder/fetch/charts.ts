import { readFile } from 'node:fs/promises';
import { mediaTypes } from '../../contract/layout.ts';
import type { Lock } from '../../contract/lock.ts';
import { hexOf } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import type { BlobContext } from '../registry/blob.ts';
import { type RemoteChart, readChartManifest } from '../registry/charts.ts';
import type { RemoteDescriptor } from '../registry/manifests.ts';
import { fetchFromOrigin } from './from-origin.ts';
import type { Origin } from './origin.ts';

/** Charts that are fetched at a time. */
const PARALLEL = 6;
type Locked = Lock['charts'][number];

/** A published Helm chart, as its registry has it. */
export interface FetchedChart {
  /** Full reference with tag. */
  reference: string;
  manifest: { file: CachedFile; mediaType: string };
  config: CachedFile;
  layers: CachedFile[];
  /** The one of the layers that is the chart's archive, a tar with gzip. */
  content: CachedFile;
}

/**
 * Brings every chart of the lock into the cache; those that are there need no network.
 * @throws CpiabError E3011…E3018 of a registry, E3030 for what is no chart, E2103 for content that isn't what
 *   its digest says.
 */
export async function fetchCharts(site: Site, lock: Lock, host: BuildHost): Promise<FetchedChart[]> {
  if (lock.charts.length === 0) return [];
  const part = { id: 'charts', title: `${lock.charts.length} charts`, phase: 'download' as const };
  const { cache, signal } = host;
  return await fetchFromOrigin(part, site, host, ({ origin, onBytes }) =>
    inTurn(lock.charts, { parallel: PARALLEL, signal }, (locked, stop) =>
      fetchChart(locked, origin, { cache, signal: stop, onBytes }),
    ),
  );
}

async function fetchChart(locked: Locked, origin: Origin, context: BlobContext): Promise<FetchedChart> {
  const { cache } = context;
  const chart = await describeChart(locked, origin, cache);
  const bring = async (blob: RemoteDescriptor): Promise<CachedFile> =>
    await origin.blob(locked, blob, context);
  const layers: CachedFile[] = [];
  for (const layer of chart.layers) layers.push(await bring(layer));
  return {
    reference: locked.reference,
    manifest: { file: await cache.put(chart.manifest.bytes), mediaType: chart.manifest.mediaType },
    config: await bring(chart.config),
    layers,
    content: await bring(chart.content),
  };
}

/** From the pool, or else from its origin. @throws CpiabError E3030 for what is no chart; what the origin throws. */
export async function describeChart(locked: Locked, origin: Origin, cache: Cache): Promise<RemoteChart> {
  const kept = await keptDocument(locked.digest, cache);
  return readChartManifest(kept ?? (await origin.document(locked, locked.digest)), locked.reference);
}

async function keptDocument(digest: Locked['digest'], cache: Cache) {
  const path = cache.blobPath(hexOf(digest));
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return null;
  await cache.check({ sha256: hexOf(digest), size: bytes.length, path });
  return { mediaType: mediaTypes.manifest, digest, bytes };
}
