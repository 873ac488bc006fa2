import type { ImageRecipe } from '../../contract/image.ts';
import type { ModuleName } from '../../contract/layout.ts';
import type { Program } from '../../contract/programs.ts';

/** Where sources end up: image references and names of modules. */
export interface Placement {
  /** Of a compiled program, by its name; nothing for one that only builds use. */
  program(name: string): string[];
  /** Of a package set of the lock. */
  set(name: string): string[];
}

const OS: ModuleName = '10-os';
const ENGINE: ModuleName = '20-engine';

/**
 * @param onHost programs that the box runs outside of containers.
 * @param recipes of the images that are built.
 */
export function placementOf(
  definitions: Program[],
  onHost: readonly string[],
  recipes: ImageRecipe[],
): Placement {
  const references = ({ images }: ImageRecipe) => images.map(({ reference }) => reference);
  const outputs = new Map(definitions.map(({ name, outputs: all }) => [name, all.map(({ bin }) => bin)]));
  return {
    program: (name) => {
      const holds = (recipe: ImageRecipe) =>
        recipe.layers.flat().some((source) => 'go' in source && outputs.get(name)?.includes(source.go));
      return [...(onHost.includes(name) ? [ENGINE] : []), ...recipes.filter(holds).flatMap(references)];
    },
    set: (name) => {
      if (name === 'os') return [OS];
      const recipe = recipes.find((found) => `image/${found.name}` === name);
      return recipe === undefined ? [] : references(recipe);
    },
  };
}
