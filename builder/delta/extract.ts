import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { type Digest, digestOf, hexOf } from '../../contract/manifest.ts';
import { copyChecked } from '../../host/checked-copy.ts';
import { type Medium, skipFile } from '../verify/medium.ts';

/**
 * Copies blobs out of a medium, each under its 64 hexadecimal digits, and checks them on the way.
 * @throws CpiabError E2103 for a damaged one, E2105 for one that isn't there.
 */
export async function extractBlobs(
  medium: Medium,
  wanted: ReadonlySet<Digest>,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const missing = new Set(wanted);
  const prefix = `${layout.bundle}/${bundleFiles.blobs}/`;
  for await (const file of medium.files()) {
    const digest: Digest = digestOf(file.path.slice(prefix.length));
    if (!file.path.startsWith(prefix) || !missing.has(digest)) {
      skipFile(file);
      continue;
    }
    await copyChecked(file.content, join(directory, hexOf(digest)), digest, signal);
    missing.delete(digest);
  }
  const [first] = missing;
  if (first !== undefined) throw new CpiabError('E2105', { subject: `${medium.path}: ${first}` });
}
