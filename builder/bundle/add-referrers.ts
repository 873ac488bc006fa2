import { mediaTypes } from '../../contract/layout.ts';
import { digestOf } from '../../contract/manifest.ts';
import { referrersReference } from '../../contract/registry-view.ts';
import { stableJson } from '../../host/cache.ts';
import type { BuiltImage } from '../fetch/parts.ts';
import type { FetchedReferrer } from '../fetch/referrers.ts';
import type { IndexedImage } from './add-images.ts';
import type { BlobSet } from './store.ts';

/**
 * Signatures, bills of materials and attestations of images, in an index at the tag where clients look that get
 * no list of them from a registry's API. Source: OCI Distribution Specification 1.1, "Unavailable Referrers API".
 * @returns one entry for each referrer; those of one subject have one reference.
 */
export async function addReferrers(blobs: BlobSet, images: readonly BuiltImage[]): Promise<IndexedImage[]> {
  const bySubject = new Map<string, Map<string, FetchedReferrer>>();
  for (const { references, referrers = [] } of images)
    for (const image of references)
      for (const referrer of referrers) {
        const reference = referrersReference(image, referrer.subject);
        const known = bySubject.get(reference) ?? new Map<string, FetchedReferrer>();
        bySubject.set(reference, known.set(referrer.manifest.sha256, referrer));
      }
  const all: IndexedImage[] = [];
  for (const [reference, found] of [...bySubject].toSorted(byName)) {
    const referrers = [...found].toSorted(byName).map(([, referrer]) => referrer);
    all.push(...(await addIndex(blobs, reference, referrers)));
  }
  return all;
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

async function addIndex(blobs: BlobSet, reference: string, referrers: readonly FetchedReferrer[]) {
  const mediaType = mediaTypes.index;
  const manifests = referrers.map(({ manifest, artifactType, annotations }) => ({
    mediaType: mediaTypes.manifest,
    digest: digestOf(manifest.sha256),
    size: manifest.size,
    artifactType,
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }));
  const index = await blobs.cache.put(stableJson({ schemaVersion: 2, mediaType, manifests }));
  const digest = blobs.add(index, 'image-referrer', reference);
  const annotations = { 'org.opencontainers.image.ref.name': reference };
  const descriptor = { mediaType, digest, size: index.size, annotations };
  return referrers.map(({ manifest: file, blobs: files }) => {
    const [manifest = digest, ...content] = [file, ...files].map((one) =>
      blobs.add(one, 'image-referrer', reference),
    );
    return { reference, digest, manifest, content, descriptor };
  });
}
