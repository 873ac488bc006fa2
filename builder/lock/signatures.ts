import type { Lock } from '../../contract/lock.ts';
import { digestOf } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { keyPathsFor, readSignatureKeys, rejectIdleKeys } from '../registry/signature-keys.ts';
import { fetchSignatures, registrySource } from '../registry/signatures.ts';
import { askRegistries } from './ask-registries.ts';
import { readReference } from './upstream.ts';

type Locked = Lock['upstream'][number];

/**
 * Checks the signature of every image for which the site has a key, and pins the manifest it is in.
 * @throws CpiabError E1090, E1091 for a key that can't be used or is for nothing, E2140…E2143.
 */
export async function lockSignatures(
  images: readonly Locked[],
  site: Site,
  host: BuildHost,
): Promise<Locked[]> {
  rejectIdleKeys(
    site,
    images.map(({ reference }) => reference),
  );
  const { cache, repository } = host;
  return await askRegistries(images, site, host, async (image, registries, signal) => {
    const keys = await readSignatureKeys(repository, keyPathsFor(image.reference, site));
    if (keys.length === 0) return image;
    const reference = readReference(image.reference);
    const registry = await registries.of(reference.host);
    const wanted = { reference, digest: image.digest };
    const source = registrySource(registry, wanted, { cache, signal, onBytes: () => {} });
    const { manifest } = await fetchSignatures(source, wanted, keys, cache);
    return { ...image, signature: digestOf(manifest.file.sha256) };
  });
}
