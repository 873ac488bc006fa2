import { constants } from 'node:fs';
import { copyFile, link, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cache, CachedFile } from '../../host/cache.ts';
import { sha256File } from '../../host/files.ts';
import type { Bundle } from './assemble.ts';

/**
 * Writes the bundle as a directory of its own: blobs are copied out of the cache (cloned where the
 * file system can), so that what a person does to the bundle never reaches the cache; paths with the
 * same content are hard links of each other.
 * @throws CpiabError E3010 when the cache holds a damaged blob.
 */
export async function writeBundle(
  cache: Cache,
  bundle: Bundle,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const written = new Map<string, string>();
  for (const [name, file] of bundle.files) {
    signal.throwIfAborted();
    const target = join(directory, name);
    await mkdir(dirname(target), { recursive: true });
    const first = written.get(file.sha256);
    if (first === undefined) {
      await copyChecked(cache, file, target, signal);
      written.set(file.sha256, target);
    } else {
      await link(first, target);
    }
  }
}

async function copyChecked(
  cache: Cache,
  file: CachedFile,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await copyFile(file.path, target, constants.COPYFILE_FICLONE);
  const { sha256 } = await sha256File(target, signal);
  if (sha256 === file.sha256) return;
  await rm(target);
  await cache.discard(file);
}
