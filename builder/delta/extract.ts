import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { type Digest, digestOf, hexOf } from '../../contract/manifest.ts';
import { hashing } from '../../host/hashing.ts';
import type { Medium } from '../verify/medium.ts';

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
      if (file.onDisk === undefined) file.content.resume();
      continue;
    }
    await copyChecked(file.content, join(directory, hexOf(digest)), digest, signal);
    missing.delete(digest);
  }
  const [first] = missing;
  if (first !== undefined) throw new CpiabError('E2105', { subject: `${medium.path}: ${first}` });
}

/** Writes a stream to a file, which must have this digest. @throws CpiabError E2103. */
export async function copyChecked(
  content: NodeJS.ReadableStream,
  path: string,
  digest: Digest,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(content, hashing(hash), createWriteStream(path), { signal });
  if (digestOf(hash.digest('hex')) !== digest) throw new CpiabError('E2103', { subject: digest });
}
