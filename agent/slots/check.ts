import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { grubMenu, markPath, mediumId, menuPath } from '../../contract/boot-menu.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import { servedView } from '../../contract/served-view.ts';
import { BlobCheck, expectedFiles, type ProgressListener } from '../verify/blobs.ts';
import { hashFile, isEmulated } from '../verify/hash.ts';
import { readManifest, type SignedManifest, type Trust } from '../verify/manifest.ts';

/**
 * Reads a written tree back, every byte that the manifest fixes and what boots it.
 * @param root directory where the slot is mounted.
 * @throws CpiabError E21xx naming what is not as it should be.
 */
export async function checkSlot(
  root: string,
  trust: Trust,
  signal: AbortSignal,
  onProgress: ProgressListener = () => {},
): Promise<SignedManifest> {
  const bundle = join(root, medium.bundle);
  const signed = await readManifest(bundle, trust);
  const emulated = await isEmulated();
  const files = expectedFiles(signed.manifest, root, bundle);
  const blobs = new BlobCheck(files, (path, size, stop) => hashFile(path, size, emulated, stop));
  await blobs.checkAll(availableParallelism(), signal, onProgress);
  await checkTexts(root, signed);
  return signed;
}

/** The small files that no digest fixes: they follow from the manifest. */
async function checkTexts(root: string, { manifest, digest }: SignedManifest): Promise<void> {
  const blobPath = (blob: Digest) => join(bundleFiles.blobs, hexOf(blob));
  const view = await servedView(manifest, (blob) => readFile(join(root, medium.bundle, blobPath(blob))));
  const links = [...view.links].map(([path, blob]) => [`${medium.bundle}/${path}`, blob] as const);
  const id = mediumId(digest);
  for (const [path, text] of [...links, [markPath(id), ''], [menuPath, grubMenu(id)]] as const) {
    const found = await readFile(join(root, path), 'utf8').catch((cause: unknown) => {
      throw new CpiabError('E2105', { subject: join(root, path), cause });
    });
    if (found !== text) throw new CpiabError('E2103', { subject: join(root, path) });
  }
}
