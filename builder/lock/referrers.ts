import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { resolveTop } from '../registry/manifests.ts';
import { listReferrers, readReferrer } from '../registry/referrers.ts';
import { askRegistries } from './ask-registries.ts';
import { readReference } from './upstream.ts';

type Locked = Lock['upstream'][number];

/** Pins the signatures, bills of materials and attestations that refer to each image. @throws as `listReferrers`. */
export async function lockReferrers(
  images: readonly Locked[],
  site: Site,
  host: BuildHost,
): Promise<Locked[]> {
  return await askRegistries(images, site, host, async (image, registries) => {
    const reference = readReference(image.reference);
    const registry = await registries.of(reference.host);
    const subjects = subjectsOf(image);
    const lists = subjects.map(async (subject) => await listReferrers(registry, reference, subject));
    const found = [...new Set((await Promise.all(lists)).flat())].toSorted();
    const referrers: Digest[] = [];
    let { size } = image;
    for (const digest of found) {
      const { host: name, repository } = reference;
      const manifest = await resolveTop(registry, { host: name, repository, digest });
      const referrer = readReferrer(manifest, reference, subjects);
      if (referrer === null) continue;
      referrers.push(digest);
      size += [referrer.config, ...referrer.layers].reduce((sum, blob) => sum + blob.size, 0);
    }
    return referrers.length === 0 ? image : { ...image, referrers, size };
  });
}

/** What others may refer to: the index, and the manifest of the box's platform. */
export const subjectsOf = ({ digest, manifest }: Locked): Digest[] => [...new Set([digest, manifest])];
