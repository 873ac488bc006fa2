import type { Program } from '../../contract/programs.ts';
import { hasBox, type Site } from '../../contract/site.ts';
import { placementOf } from './placement.ts';
import { readPrograms } from './programs.ts';
import { readBundleSets, readRecipes } from './recipes.ts';
import { isTool } from './tools.ts';

/** Not on the medium, only what it makes of its API modules. */
export const GENERATOR = 'controller-gen';

/**
 * The Go programs that a site needs: those of its bundle sets, those that its images hold, and what a build itself
 * runs. None where it has no box. @throws CpiabError what `readYaml` throws.
 */
export async function sitePrograms(repository: string, site: Site): Promise<Program[]> {
  if (!hasBox(site)) return [];
  const { images, programs } = await readBundleSets(repository, site);
  const definitions = await readPrograms(repository);
  const placement = placementOf(definitions, programs, await readRecipes(repository, images));
  const isBuilds = (name: string) => isTool(name) || name === GENERATOR;
  return definitions.filter(({ name }) => isBuilds(name) || placement.program(name).length > 0);
}
