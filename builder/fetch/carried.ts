import type { ImageRecipe } from '../../contract/image.ts';
import type { Program } from '../../contract/programs.ts';
import { hasBox, type Site } from '../../contract/site.ts';
import { type Placement, placementOf } from './placement.ts';
import { readPrograms } from './programs.ts';
import { readBundleSets, readRecipes } from './recipes.ts';
import { isTool } from './tools.ts';

/** Not on the medium, only what it makes of its API modules. */
export const GENERATOR = 'controller-gen';

/** What a site's bundle sets lead to in the repository. */
export interface Carried {
  bundles: Awaited<ReturnType<typeof readBundleSets>>;
  recipes: ImageRecipe[];
  /**
   * Go programs: those of the bundle sets, those that images hold, and what a build itself runs. None where the
   * site has no box.
   */
  programs: Program[];
  placement: Placement;
}

/** @throws CpiabError what `readYaml` throws. */
export async function readCarried(repository: string, site: Site): Promise<Carried> {
  const bundles = await readBundleSets(repository, site);
  const recipes = await readRecipes(repository, bundles.images);
  const definitions = hasBox(site) ? await readPrograms(repository) : [];
  const placement = placementOf(definitions, bundles.programs, recipes);
  const isBuilds = (name: string) => isTool(name) || name === GENERATOR;
  const programs = definitions.filter(({ name }) => isBuilds(name) || placement.program(name).length > 0);
  return { bundles, recipes, programs, placement };
}
