import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../contract/errors.ts';
import { type Digest, digestOf } from '../contract/manifest.ts';
import { atMost, hashing } from './hashing.ts';

/**
 * Writes a stream to a file, which must have this digest.
 * @param most bytes, after which no more is written. @throws CpiabError E2103.
 */
export async function copyChecked(
  content: NodeJS.ReadableStream,
  path: string,
  digest: Digest,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<void> {
  const hash = createHash('sha256');
  const another = () => new CpiabError('E2103', { subject: digest });
  await pipeline(content, atMost(most, another), hashing(hash), createWriteStream(path), { signal });
  if (digestOf(hash.digest('hex')) !== digest) throw another();
}
