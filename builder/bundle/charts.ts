import type { Digest } from '../../contract/manifest.ts';
import type { FetchedChart } from '../fetch/charts.ts';
import type { ServedImage } from './registry-view.ts';
import type { BlobSet, Descriptor } from './store.ts';

/** Adds charts as their registries have them; the box's registry serves them beside the images. */
export function addCharts(
  blobs: BlobSet,
  charts: readonly FetchedChart[],
): (ServedImage & { descriptor: Descriptor })[] {
  return charts.map(({ reference, manifest, config, layers }) => {
    const digest = blobs.add(manifest.file, 'chart-manifest', reference);
    const content: Digest[] = [
      blobs.add(config, 'chart-config', reference),
      ...layers.map((layer) => blobs.add(layer, 'chart-layer', reference)),
    ];
    const annotations = { 'org.opencontainers.image.ref.name': reference };
    const descriptor = { mediaType: manifest.mediaType, digest, size: manifest.file.size, annotations };
    return { reference, digest, manifest: digest, content, descriptor };
  });
}
