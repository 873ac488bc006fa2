import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleFiles, medium } from '../../contract/layout.ts';
import type { CachedFile } from '../../host/cache.ts';
import { linkOrCopy } from '../../host/files.ts';
import type { Bundle } from '../bundle/assemble.ts';
import { grubConfig, markPath } from './grub.ts';

/** Path on a medium → file. Paths that share a file are stored once. */
export type MediumTree = Map<string, CachedFile>;

/** Everything on an ISO or in a slot but its boot loader. */
export function mediumTree(bundle: Bundle): MediumTree {
  const inBundle = [...bundle.files].map(([name, file]) => [`${medium.bundle}/${name}`, file] as const);
  return new Map([...bundle.links, ...inBundle]);
}

/** A name of its own for each bundle, so that of two media in one machine the one that GRUB chose is found again. */
export function mediumId(tree: MediumTree): string {
  const manifest = tree.get(`${medium.bundle}/${bundleFiles.manifest}`);
  return `cpiab-${manifest?.sha256.slice(0, 16) ?? 'none'}`;
}

/** Lays the tree out in a directory, with GRUB's menu and the mark. @param epoch seconds. */
export async function layOutTree(root: string, tree: MediumTree, epoch: number): Promise<void> {
  for (const [path, file] of tree) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await linkOrCopy(file.path, target);
  }
  const id = mediumId(tree);
  for (const [path, text] of [
    ['boot/grub/grub.cfg', grubConfig(id)],
    [markPath(id), ''],
  ] as const) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await utimes(join(root, path), epoch, epoch);
  }
}
