import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { PublishedFile } from '../../contract/published.ts';
import type { Site } from '../../contract/site.ts';
import { fetchFile } from '../download/file.ts';
import { Web } from '../download/web.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';

/** A file to lock, and the release of the engine that it is of, if any. */
export type WantedFile = PublishedFile & Pick<Lock['files'][number], 'release'>;

/** Files that are read at a time. */
const PARALLEL = 4;

/**
 * Reads every file to pin what it is; the cache keeps it for the build. Sorted by path.
 * @throws CpiabError E1060 for two files in one place, E2130 for one that isn't what the bundle set says, and
 *   what `fetchFile` throws.
 */
export async function lockFiles(
  entries: readonly WantedFile[],
  site: Site,
  host: BuildHost,
): Promise<Lock['files']> {
  const files = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  rejectSamePlace(files);
  const { cache } = host;
  const web = new Web(site, host.repository, host.signal);
  try {
    return await inTurn(files, { parallel: PARALLEL, signal: host.signal }, async (file, signal) => {
      const { url, path, release } = file;
      const found = await fetchFile(web, { url, sha256: file.sha256 }, { cache, signal, onBytes: () => {} });
      return { path, url, ...(release && { release }), sha256: found.sha256, size: found.size };
    });
  } finally {
    await web.close();
  }
}

function rejectSamePlace(sorted: readonly WantedFile[]): void {
  for (const [index, { path, url }] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next?.path === path) throw new CpiabError('E1060', { subject: path, args: [url, next.url] });
  }
}
