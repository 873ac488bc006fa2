import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../contract/errors.ts';
import { type Digest, digestOf } from '../contract/manifest.ts';
import { hashing } from './hashing.ts';

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
