import type { Lock } from '../../contract/lock.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { BuildHost } from '../host.ts';
import { inTurn } from '../in-turn.ts';
import { openOrigin } from './origin.ts';

/** Files that are fetched at a time. */
const PARALLEL = 4;
const ID = 'files';

/** A published file, and where it is put. */
export interface FetchedFile {
  path: string;
  file: CachedFile;
}

/** Brings every file of the lock into the cache. @throws CpiabError E2130 for one that isn't the locked one, E304x of a server. */
export async function fetchFiles(site: Site, lock: Lock, host: BuildHost): Promise<FetchedFile[]> {
  if (lock.files.length === 0) return [];
  const origin = await openOrigin(site, host);
  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
    host.progress({ type: 'progress', id: ID, bytes });
  };
  const { cache, signal } = host;
  try {
    const title = `${lock.files.length} published files`;
    const part = { id: ID, title, phase: 'download' as const };
    const work = () =>
      inTurn(lock.files, { parallel: PARALLEL, signal }, async (locked, stop) => ({
        path: locked.path,
        file: await origin.file(locked, { cache, signal: stop, onBytes }),
      }));
    return await tracked(host.progress, part, work, () => ({ bytes, cached: bytes === 0 }));
  } finally {
    await origin.close();
  }
}
