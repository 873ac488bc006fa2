import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree, TreeEntry } from './tree.ts';

/**
 * The files of a work tree as they lie there, committed or not.
 * @param root absolute path.
 * @param paths what Git has or would add, below the root; what is deleted is left out.
 */
export async function workTree(root: string, paths: readonly string[]): Promise<Tree> {
  const found = await Promise.all([...new Set(paths)].toSorted().map((path) => entryOf(root, path)));
  const entries = found.filter((entry) => entry !== null);
  const kinds = new Map(entries.map(({ path, kind }) => [path, kind]));
  const read = async (path: string): Promise<string | null> => {
    const kind = kinds.get(path);
    if (kind === 'link') return await readlink(join(root, path));
    return kind === 'file' ? await readFile(join(root, path), 'utf8') : null;
  };
  return { entries, read: (wanted) => Promise.all(wanted.map(read)) };
}

async function entryOf(root: string, path: string): Promise<TreeEntry | null> {
  const found = await lstat(join(root, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (found === null) return null;
  // Of what Git lists only a submodule is a directory.
  if (found.isDirectory()) return { path, kind: 'submodule', size: 0 };
  return { path, kind: found.isSymbolicLink() ? 'link' : 'file', size: found.size };
}
