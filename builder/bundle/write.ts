import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Bundle } from './assemble.ts';

/**
 * Writes the bundle as a directory of its own: blobs are copied out of the cache (cloned where the
 * file system can), so that what a person does to the bundle never reaches the cache; paths with the
 * same content are hard links of each other.
 * @throws CpiabError E2103 when the cache holds a damaged blob.
 */
export async function writeBundle(bundle: Bundle, directory: string, signal: AbortSignal): Promise<void> {
  const written = new Map<string, string>();
  for (const [name, file] of bundle.files) {
    signal.throwIfAborted();
    const target = join(directory, name);
    await mkdir(dirname(target), { recursive: true });
    const first = written.get(file.sha256);
    if (first === undefined) {
      await copyChecked(file, target, signal);
      written.set(file.sha256, target);
    } else {
      await link(first, target);
    }
  }
}

async function copyChecked(file: CachedFile, target: string, signal: AbortSignal): Promise<void> {
  await copyFile(file.path, target, constants.COPYFILE_FICLONE);
  const hash = createHash('sha256');
  await pipeline(createReadStream(target, { highWaterMark: 1 << 20 }), hash, { signal });
  if (hash.digest('hex') !== file.sha256) {
    throw new CpiabError('E2103', { subject: `sha256:${file.sha256} in the cache (${file.path})` });
  }
}
