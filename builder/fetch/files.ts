import type { Lock } from '../../contract/lock.ts';
import type { Site } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import { fetchFromOrigin } from './from-origin.ts';

/** Files that are fetched at a time. */
const PARALLEL = 4;

/** A published file, and where it is put. */
export interface FetchedFile {
  path: string;
  file: CachedFile;
}

/** Brings every file of the lock into the cache. @throws CpiabError E2130 for one that isn't the locked one, E304x of a server. */
export async function fetchFiles(site: Site, lock: Lock, host: BuildHost): Promise<FetchedFile[]> {
  if (lock.files.length === 0) return [];
  const title = `${lock.files.length} published files`;
  const part = { id: 'files', title, phase: 'download' as const };
  const { cache, signal } = host;
  return await fetchFromOrigin(part, site, host, ({ origin, onBytes }) =>
    inTurn(lock.files, { parallel: PARALLEL, signal }, async (locked, stop) => ({
      path: locked.path,
      file: await origin.file(locked, { cache, signal: stop, onBytes }),
    })),
  );
}
