import { join } from 'node:path';
import { type BundleSet, BundleSetSchema } from '../../contract/bundle-set.ts';
import { type ImageRecipe, ImageRecipeSchema } from '../../contract/image.ts';
import { bundleSetsOf, type Site } from '../../contract/site.ts';
import { stableJson } from '../../host/cache.ts';
import { readYaml } from '../config/read-yaml.ts';
import { isReference } from '../lock/upstream.ts';

/** What the site's bundles put in, each name once, in order of first mention. */
export async function readBundleSets(
  repository: string,
  site: Site,
): Promise<Omit<BundleSet, 'name' | 'title'>> {
  const sets = await Promise.all(
    bundleSetsOf(site).map(async (name) => {
      const shown = join('bundles', `${name}.yaml`);
      return (await readYaml(join(repository, shown), BundleSetSchema, shown)).content;
    }),
  );
  const all = (pick: (set: BundleSet) => string[]) => [...new Set(sets.flatMap(pick))];
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'BundleSet',
    images: all((set) => set.images),
    charts: all((set) => set.charts),
    files: distinct(sets.flatMap((set) => set.files)),
    git: distinct(sets.flatMap((set) => set.git)),
    programs: all((set) => set.programs),
    apps: all((set) => set.apps),
  };
}

function distinct<Entry>(entries: Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [stableJson(entry), entry])).values()];
}

/** Folder of an image recipe. */
export const recipeFolder = (repository: string, name: string) => join(repository, 'images', 'oci', name);

/** @throws CpiabError what `readYaml` throws. */
export async function readRecipe(repository: string, name: string): Promise<ImageRecipe> {
  const shown = join(recipeFolder('', name), 'image.yaml');
  return (await readYaml(join(repository, shown), ImageRecipeSchema, shown)).content;
}

/** Recipes of those entries of bundle sets that name one; the others are references of published images. */
export async function readRecipes(repository: string, images: readonly string[]): Promise<ImageRecipe[]> {
  const names = images.filter((entry) => !isReference(entry));
  return await Promise.all(names.map((name) => readRecipe(repository, name)));
}

/** Debian packages that a recipe takes files from. */
export function recipePackages(recipe: ImageRecipe): string[] {
  const names = recipe.layers.flat().flatMap((source) => ('debian' in source ? [source.debian] : []));
  return [...new Set(names)].toSorted();
}

/** Entries of this repository's own programs that recipes take. */
export function recipeScripts(recipes: readonly ImageRecipe[]): string[] {
  const all = recipes.flatMap(({ layers }) => layers.flat());
  return [...new Set(all.flatMap((source) => ('script' in source ? [source.script] : [])))].toSorted();
}
