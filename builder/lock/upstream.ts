import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { type ImageReference, parseReference } from '../../contract/reference.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { fetchConfig, requireReal } from '../registry/config.ts';
import { resolveImage } from '../registry/manifests.ts';
import type { Registries } from '../registry/registries.ts';
import { askRegistries } from './ask-registries.ts';

/** Whether an entry of a bundle set is a published image rather than a recipe. */
export const isReference = (entry: string) => entry.includes('/');

/** Asks the registries what each tag names now. Sorted by reference. */
export async function lockUpstream(
  entries: readonly string[],
  site: Site,
  host: BuildHost,
): Promise<Lock['upstream']> {
  return await askRegistries(
    entries.filter(isReference).toSorted(),
    site,
    host,
    async (text, registries) => await lockImage(text, registries, site),
  );
}

async function lockImage(
  text: string,
  registries: Registries,
  site: Site,
): Promise<Lock['upstream'][number]> {
  const reference = readReference(text);
  const registry = await registries.of(reference.host);
  const image = await resolveImage(registry, reference);
  const config = await fetchConfig(registry, reference, image);
  requireReal(config, text, site);
  return {
    reference: text,
    digest: image.top.digest,
    manifest: image.manifest.digest,
    ...(config.standIn && { standIn: true as const }),
    size: [image.config, ...image.layers].reduce((sum, { size }) => sum + size, 0),
  };
}

/** @throws CpiabError E1004 for what is no reference. */
export function readReference(text: string): ImageReference {
  const reference = parseReference(text);
  if (reference === null) throw new CpiabError('E1004', { subject: text });
  return reference;
}
