import type { Manifest } from '../../contract/manifest.ts';
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
  const ids = pods
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .map(({ imageID }) => imageID)
    .filter((id) => id !== '');
  const unique = [...new Set(ids)].toSorted();
  const digestOf = (id: string) => /sha256:[0-9a-f]{64}$/.exec(id)?.[0] ?? id;
  return { running: unique.length, notInBundle: unique.filter((id) => !known.has(digestOf(id))) };
}
