import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type BundleSet, BundleSetSchema } from '../../contract/bundle-set.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type ImageRecipe, ImageRecipeSchema } from '../../contract/image.ts';
import type { Site } from '../../contract/site.ts';

/** What the site's bundles put in, each name once, in order of first mention. */
export async function readBundleSets(
  repository: string,
  site: Site,
): Promise<Omit<BundleSet, 'name' | 'title'>> {
  const sets = await Promise.all(
    site.bundles.map(async (name) => {
      return await readDocument(join(repository, 'bundles', `${name}.yaml`), (value) =>
        BundleSetSchema.parse(value),
      );
    }),
  );
  const all = (pick: (set: BundleSet) => string[]) => [...new Set(sets.flatMap(pick))];
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'BundleSet',
    images: all((set) => set.images),
    programs: all((set) => set.programs),
    apps: all((set) => set.apps),
  };
}

/** Folder of an image recipe. */
export const recipeFolder = (repository: string, name: string) => join(repository, 'images', 'oci', name);

/** @throws CpiabError E1006 when there is no such recipe, E1004 when it isn't one. */
export async function readRecipe(repository: string, name: string): Promise<ImageRecipe> {
  return await readDocument(join(recipeFolder(repository, name), 'image.yaml'), (value) =>
    ImageRecipeSchema.parse(value),
  );
}

/** Debian packages that a recipe takes files from. */
export function recipePackages(recipe: ImageRecipe): string[] {
  const names = recipe.layers.flat().flatMap((source) => ('debian' in source ? [source.debian] : []));
  return [...new Set(names)].toSorted();
}

async function readDocument<Document>(path: string, check: (value: unknown) => Document): Promise<Document> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CpiabError('E1006', { subject: path, cause });
  });
  try {
    return check(parse(text));
  } catch (cause) {
    throw new CpiabError('E1004', { subject: path, cause });
  }
}
