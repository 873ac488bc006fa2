import { lstat, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaFile, mediaKinds } from '../../contract/media.ts';
import { indexFiles } from './volumes.ts';

/** Signed list of what a build wrote, as `sha256sum --check` reads it. */
export const sums = 'SHA256SUMS';

/**
 * Removes media of an earlier build that this one does not write, with their indexes: they would lie beside a
 * bundle and a key that they may not belong to. Only what the earlier build's sums name and is called as a medium
 * of the site.
 * @param kept names that this build writes.
 * @returns what was removed, sorted.
 */
export async function removeStale(
  directory: string,
  site: string,
  kept: ReadonlySet<string>,
): Promise<string[]> {
  const listed = namesIn(await readFile(join(directory, sums), 'utf8').catch(() => ''));
  const media = mediaKinds.map((kind) => mediaFile[kind](site));
  const own = media.flatMap((medium) => [medium, ...indexFiles(medium)]);
  const removed: string[] = [];
  for (const name of own.filter((each) => listed.has(each) && !kept.has(each))) {
    const found = await lstat(join(directory, name)).catch(() => null);
    if (!found?.isFile()) continue;
    await rm(join(directory, name));
    removed.push(name);
  }
  return removed.toSorted();
}

const namesIn = (text: string) =>
  new Set([...text.matchAll(/^[0-9a-f]{64} {2}(.+)$/gm)].map(([, name = '']) => name));
