import { type Digest, digestOf } from '../../contract/manifest.ts';
import type { ServedImage } from '../../contract/registry-view.ts';
import type { Parts } from '../fetch/parts.ts';
import type { BlobSet, Descriptor } from './store.ts';

/** An image, chart or signature as the layout's index and the registry name it. */
export interface IndexedImage extends ServedImage {
  descriptor: Descriptor;
}

/** Adds the blobs of every image; one entry for each of its references, sorted. */
export function addImages(blobs: BlobSet, parts: Pick<Parts, 'images'>): IndexedImage[] {
  const served: IndexedImage[] = [];
  for (const image of parts.images) {
    for (const reference of image.references) {
      if (image.index !== undefined) blobs.add(image.index.file, 'image-index', reference);
      blobs.add(image.manifest.file, 'image-manifest', reference);
      blobs.add(image.config.file, 'image-config', reference);
      for (const layer of image.layers) blobs.add(layer.file, 'image-layer', reference);
      const top = image.index ?? image.manifest;
      const manifest: Digest = digestOf(image.manifest.file.sha256);
      const digest: Digest = digestOf(top.file.sha256);
      const content = [image.config, ...image.layers].map(({ file }): Digest => digestOf(file.sha256));
      const descriptor: Descriptor = {
        mediaType: top.mediaType,
        digest,
        size: top.file.size,
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': reference,
        },
      };
      served.push({ reference, digest, manifest, content, descriptor });
    }
  }
  return served.toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** Reference → what it names. */
export const imageDigests = (images: IndexedImage[]) =>
  Object.fromEntries(images.map(({ reference, digest }) => [reference, digest]));
