import type { Manifest } from '../../contract/manifest.ts';
import type { ImageList } from '../../contract/status.ts';
import type { Pod } from './holding.ts';

/**
 * Compares what containers run with what the bundle carries. An imageID ends in the digest of the
 * image's manifest, or is that of its configuration.
 */
export function runningImages(
  pods: readonly Pod[],
  { images, blobs }: Pick<Manifest, 'images' | 'blobs'>,
): { running: number; notInBundle: string[] } {
  const configs = blobs.filter(({ role }) => role === 'image-config').map(({ digest }) => digest);
  const known = new Set<string>([...Object.values(images), ...configs]);
  const unique = imageIds(pods);
  return { running: unique.length, notInBundle: unique.filter((id) => !known.has(digestOf(id))) };
}

/**
 * Every image of the bundle, and whether a container runs it.
 * @param pods null while there is no cluster.
 */
export function listImages(
  pods: readonly Pod[] | null,
  { images, blobs }: Pick<Manifest, 'images' | 'blobs'>,
): ImageList {
  const ids = new Set(imageIds(pods ?? []).map(digestOf));
  const byConfig = blobs.filter(({ role, digest }) => role === 'image-config' && ids.has(digest));
  const named = new Set(byConfig.flatMap((blob) => blob.for));
  const listed = Object.entries(images).map(([reference, digest]) => ({
    reference,
    digest,
    running: pods === null ? null : ids.has(digest) || named.has(reference),
  }));
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'ImageList',
    images: listed.toSorted((a, b) => (a.reference < b.reference ? -1 : 1)),
  };
}

function imageIds(pods: readonly Pod[]): string[] {
  const ids = pods
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .map(({ imageID }) => imageID)
    .filter((id) => id !== '');
  return [...new Set(ids)].toSorted();
}

const digestOf = (id: string) => /sha256:[0-9a-f]{64}$/.exec(id)?.[0] ?? id;
