import { digestOf } from '../../contract/manifest.ts';
import { type ServedImage, splitReference } from '../../contract/registry-view.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Composed } from '../compose/compose.ts';
import { loaderParts } from '../image/disk/loader.ts';
import type { PackedRepository } from './git.ts';
import type { BundlePart } from './sbom.ts';

/** What a bill of materials calls a part of the bundle: everything whose content the manifest fixes. */
export function bundleParts(
  site: string,
  revision: string,
  images: Pick<ServedImage, 'reference' | 'digest'>[],
  composed: Composed | null,
  repository: PackedRepository,
): BundlePart[] {
  return [
    ...images.map((image) => ociPart(image, 'CONTAINER')),
    ...(composed === null ? [] : osParts(composed)),
    {
      name: `${site}.bundle`,
      version: revision,
      digest: digestOf(repository.file.sha256),
      purpose: 'SOURCE',
    },
  ];
}

/** An image, or what else registries have. Source: the purl specification, type oci. */
export function ociPart(
  { reference, digest }: Pick<ServedImage, 'reference' | 'digest'>,
  purpose: BundlePart['purpose'],
): BundlePart {
  const { repository, tag } = splitReference(reference);
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const qualifiers = `repository_url=${encodeURIComponent(repository)}&tag=${encodeURIComponent(tag)}`;
  return {
    name: reference,
    version: tag,
    digest,
    purpose,
    purl: `pkg:oci/${name}@${encodeURIComponent(digest)}?${qualifiers}`,
  };
}

/** They have no version but their content. */
function osParts({ kernel, initrd, modules, loader }: Composed): BundlePart[] {
  const part = (name: string, file: CachedFile): BundlePart => ({
    name,
    version: digestOf(file.sha256),
    digest: digestOf(file.sha256),
    purpose: 'OPERATING_SYSTEM',
  });
  return [
    part('vmlinuz', kernel),
    part('initrd.img', initrd),
    ...modules.map(({ name, file }) => part(name, file)),
    ...loaderParts.map((name) => part(`${name}.img`, loader[name])),
  ];
}
