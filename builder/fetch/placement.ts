import type { ImageRecipe, LayerSource } from '../../contract/image.ts';
import type { ModuleName } from '../../contract/layout.ts';
import type { Program } from '../../contract/programs.ts';

/** Where sources end up: image references and names of modules. */
export interface Placement {
  /** Of a compiled program, by its name; nothing for one that only builds use. */
  program(name: string): string[];
  /** Of Node.js. */
  node(): string[];
  /** Of a bundled script, by its entry. */
  script(entry: string): string[];
  /** Of a package set of the lock. */
  set(name: string): string[];
}

const OS: ModuleName = '10-os';
const ENGINE: ModuleName = '20-engine';
const AGENT: ModuleName = '30-agent';

/** The agent's own. */
export const AGENT_ENTRY = 'agent/main.ts';

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
  const holding = (has: (source: LayerSource) => boolean) =>
    recipes.filter(({ layers }) => layers.flat().some(has)).flatMap(references);
  return {
    node: () => [ENGINE, ...holding((source) => 'node' in source)],
    script: (entry) => [
      ...(entry === AGENT_ENTRY ? [AGENT] : []),
      ...holding((source) => 'script' in source && source.script === entry),
    ],
    program: (name) => {
      const holds = (source: LayerSource) =>
        'go' in source && outputs.get(name)?.includes(source.go) === true;
      return [...(onHost.includes(name) ? [ENGINE] : []), ...holding(holds)];
    },
    set: (name) => {
      if (name === 'os') return [OS];
      const recipe = recipes.find((found) => `image/${found.name}` === name);
      return recipe === undefined ? [] : references(recipe);
    },
  };
}
