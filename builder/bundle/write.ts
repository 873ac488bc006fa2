import { link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cache } from '../../host/cache.ts';
import { share } from '../../host/files.ts';
import type { Bundle } from './assemble.ts';

/**
 * Writes the bundle as a directory: its blobs are the cache's own files, cloned where the file system can
 * and else read-only hard links, so that nothing is written twice. Whoever damages one by force damages
 * the cache, which the next build finds out and mends. Paths with the same content are one file.
 * @throws CpiabError E3010 when the cache holds a damaged blob.
 */
export async function writeBundle(
  cache: Cache,
  bundle: Bundle,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const written = new Map<string, string>();
  for (const folder of new Set([...bundle.files.keys()].map((name) => dirname(join(directory, name)))))
    await mkdir(folder, { recursive: true });
  for (const [name, file] of bundle.files) {
    signal.throwIfAborted();
    const target = join(directory, name);
    const first = written.get(file.sha256);
    if (first !== undefined) {
      await link(first, target);
      continue;
    }
    await share((await cache.check(file, signal)).path, target);
    written.set(file.sha256, target);
  }
}
