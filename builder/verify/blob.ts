import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import type { RegistryView } from '../../contract/registry-view.ts';
import { servedView } from '../../contract/served-view.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import type { OpenBundle } from './medium.ts';

/** A blob, whole in memory: for documents. @throws CpiabError E2103 when it isn't what its digest says, E2105. */
export async function readBlob(bundle: OpenBundle, digest: Digest): Promise<Buffer> {
  const path = `${layout.bundle}/${bundleFiles.blobs}/${hexOf(digest)}`;
  const bytes = await bundle.medium.read(path);
  if (digestOfBytes(bytes) !== digest) throw damaged(bundle, digest);
  return bytes;
}

/** The registry's view, derived again from the image manifests. @throws CpiabError E2103 for a damaged one. */
export async function bundleView(bundle: OpenBundle): Promise<RegistryView> {
  return await servedView(bundle.manifest, (digest) => readBlob(bundle, digest));
}

/** The error of content that hasn't its digest. @param path names it where no blob has that digest. */
export function damaged({ medium, manifest }: OpenBundle, digest: Digest, path = 'bundle file'): CpiabError {
  const blob = manifest.blobs.find((found) => found.digest === digest);
  const what = blob?.for.join(', ') ?? path;
  return new CpiabError('E2103', { subject: `${medium.path}: ${digest} (${what})` });
}
