import type { Digest } from '../../contract/manifest.ts';
import type { ImageReference } from '../../contract/reference.ts';

/** Full reference of each image in a bundle → digest, or null for one that is still to be built. */
export type CarriedImages = ReadonlyMap<string, Digest | null>;

/** Whether it names no version at all. */
export const isLoose = ({ tag, digest }: ImageReference) =>
  digest === undefined && (tag === undefined || tag === 'latest');

export function isCarried(reference: ImageReference, images: CarriedImages): boolean {
  const image = imageNamed(reference, images);
  const found = image === undefined ? undefined : images.get(image);
  return found !== undefined && (reference.digest === undefined || reference.digest === found);
}

/** The image that a reference names: by its tag, whether or not it is carried, else the carried one by its digest. */
export function imageNamed(reference: ImageReference, images: CarriedImages): string | undefined {
  const { host, repository, tag, digest } = reference;
  const name = `${host}/${repository}`;
  if (tag !== undefined) return `${name}:${tag}`;
  return [...images].find(([image, found]) => image.startsWith(`${name}:`) && found === digest)?.[0];
}
