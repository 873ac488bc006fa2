import { posix } from 'node:path';

/**
 * What a layer has had so far. Of two entries of one path squashfs tools keep the first where layers mean the
 * last, and a hard link to nothing ends them: such a layer is refused rather than shown otherwise than meant.
 */
export class LayerShape {
  readonly #seen = new Map<string, 'directory' | 'other'>();

  /**
   * Takes the next entry.
   * @param path below the layer; the target of a hard link too.
   * @returns why the entry can't follow those before it, or null.
   */
  add(path: string, directory: boolean, target: string | null): string | null {
    const known = this.#seen.get(path);
    if (known !== undefined && !(directory && known === 'directory')) return 'is there twice';
    for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent))
      if (this.#seen.get(parent) === 'other') return `lies below ${parent}, which is no directory`;
    if (target !== null && this.#seen.get(target) !== 'other')
      return `links to ${target}, which is not there`;
    this.#seen.set(path, directory ? 'directory' : 'other');
    return null;
  }
}
