import { createHash } from 'node:crypto';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { Medium } from '../verify/medium.ts';

/** A blob, whole in memory: for documents. @throws CpiabError E2103 when it isn't what its digest says, E2105. */
export async function readBlob(medium: Medium, digest: Digest): Promise<Buffer> {
  const bytes = await medium.read(`${layout.bundle}/${bundleFiles.blobs}/${digest.slice('sha256:'.length)}`);
  if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest)
    throw new CpiabError('E2103', { subject: `${medium.path}: ${digest}` });
  return bytes;
}
