import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFiles } from '../../../contract/layout.ts';
import type { Manifest } from '../../../contract/manifest.ts';

/** Name under which a bundle carries the release's list. */
export const listName = 'engine/k3s-images.txt';

/** The images that a release starts with: its own list, a reference a line. Empty when the bundle has no list. */
export async function releaseImages(bundle: string, manifest: Manifest): Promise<string[]> {
  const digest = manifest.downloads[listName];
  if (digest === undefined) return [];
  return listedImages(
    await readFile(join(bundle, bundleFiles.blobs, digest.slice('sha256:'.length)), 'utf8'),
  );
}

export function listedImages(list: string): string[] {
  return list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
