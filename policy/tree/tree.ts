/** One name in a tree. */
export interface TreeEntry {
  /** Below the repository. */
  path: string;
  kind: 'file' | 'link' | 'submodule';
  /** Bytes; of a submodule 0. */
  size: number;
}

/** What a commit or a work tree holds, wherever it is read from. */
export interface Tree {
  /** All of them, in the order of their paths. */
  readonly entries: readonly TreeEntry[];
  /** Text of files and targets of links; null for a path that is neither. */
  read(paths: readonly string[]): Promise<(string | null)[]>;
}

/** Answers what is at a path, without reading it. */
export class Paths {
  readonly #files: ReadonlySet<string>;
  readonly #folders = new Set<string>(['.']);

  constructor({ entries }: Pick<Tree, 'entries'>) {
    this.#files = new Set(entries.map(({ path }) => path));
    for (const path of this.#files) {
      const parts = path.split('/');
      for (let length = 1; length < parts.length; length++)
        this.#folders.add(parts.slice(0, length).join('/'));
    }
  }

  isFile(path: string): boolean {
    return this.#files.has(path);
  }

  isFolder(path: string): boolean {
    return this.#folders.has(path);
  }

  /** Files below a folder, at any depth, sorted. */
  below(folder: string): string[] {
    const prefix = folder === '.' ? '' : `${folder}/`;
    return [...this.#files].filter((path) => path.startsWith(prefix)).toSorted();
  }
}
