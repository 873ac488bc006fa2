import { CpiabError } from '../../contract/errors.ts';
import type { ImageRecipe } from '../../contract/image.ts';
import { formatReference } from '../../contract/reference.ts';
import { readReference } from './upstream.ts';

/**
 * One name is one image: of two the box would serve whichever was laid out last.
 * @param published references that the bundle sets name.
 * @throws CpiabError E1046 naming both.
 */
export function rejectCollisions(
  recipes: readonly Pick<ImageRecipe, 'name' | 'images'>[],
  published: readonly string[],
): void {
  const givers = new Map<string, string>();
  const claim = (reference: string, giver: string) => {
    const name = formatReference(readReference(reference));
    const other = givers.get(name);
    if (other !== undefined) throw new CpiabError('E1046', { subject: name, args: [other, giver] });
    givers.set(name, giver);
  };
  for (const { name, images } of recipes)
    for (const { reference } of images) claim(reference, `images/oci/${name}`);
  for (const reference of new Set(published)) claim(reference, `the published ${reference}`);
}
