import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { markPath, mediumId, menuPath } from '../../contract/boot-menu.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { digestOf } from '../../contract/manifest.ts';
import type { CachedFile } from '../../host/cache.ts';
import { linkOrCopy } from '../../host/files.ts';
import type { Bundle } from '../bundle/assemble.ts';

/** Path on a medium → file. Paths that share a file are stored once. */
export type MediumTree = Map<string, CachedFile>;

/** Everything on an ISO or in a slot but its boot loader. */
export function mediumTree(bundle: Bundle): MediumTree {
  const inBundle = [...bundle.files].map(([name, file]) => [`${medium.bundle}/${name}`, file] as const);
  return new Map([...bundle.links, ...inBundle]);
}

/** The name of the medium that a tree becomes. @throws Error for a tree without a manifest. */
export function treeId(tree: MediumTree): string {
  const manifest = tree.get(`${medium.bundle}/${bundleFiles.manifest}`);
  if (manifest === undefined) throw new Error('a medium without a manifest');
  return mediumId(digestOf(manifest.sha256));
}

/** Lays the tree out in a directory, with GRUB's menu and the mark. @param epoch seconds. @param menu for the medium's name. */
export async function layOutTree(
  root: string,
  tree: MediumTree,
  epoch: number,
  menu: (id: string) => string,
): Promise<void> {
  for (const [path, file] of tree) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await linkOrCopy(file.path, target);
  }
  const id = treeId(tree);
  for (const [path, text] of [
    [menuPath, menu(id)],
    [markPath(id), ''],
  ] as const) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await utimes(join(root, path), epoch, epoch);
  }
}
