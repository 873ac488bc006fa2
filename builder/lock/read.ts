import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { type Lock, LockSchema } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { readJson } from '../config/read-json.ts';
import { readBundleSets } from '../fetch/recipes.ts';
import { driftBetween } from './drift.ts';
import { requireFit } from './fit.ts';
import { lockInputs } from './inputs.ts';
import { isReference, readReference } from './upstream.ts';

export const lockPath = (repository: string, site: string) =>
  join(repository, 'config', 'clusters', `${site}.lock.json`);

/** A hundred times what a box's lock has. */
const LARGEST_LOCK = 16e6;

export interface ReadLock {
  lock: Lock;
  digest: Digest;
  /** The file as it lies in Git: the bundle carries it so. */
  text: string;
}

/** What of others only a lock says exactly, as bundle sets name it, and who has it. */
async function unpinned(repository: string, site: Site): Promise<{ published: string[]; hosts: string[] }> {
  const { images, charts, files, git } = await readBundleSets(repository, site);
  const references = [...images.filter(isReference), ...charts];
  const addresses = [...files, ...git].map(({ url }) => url);
  const hosts = [
    ...references.map((text) => readReference(text).host),
    ...addresses.map((url) => URL.parse(url)?.host ?? url),
  ];
  return { published: [...references, ...addresses].toSorted(), hosts: [...new Set(hosts)].toSorted() };
}

/**
 * Reads the site's committed lock.
 * @throws CpiabError E1047 when there is none, E1005 naming what changed since it was made, E1061 when it
 *   lacks what the site needs, what `readJson` throws.
 */
export async function readLock(repository: string, site: Site): Promise<ReadLock> {
  const path = lockPath(repository, site.name);
  const { content: lock, text } = await readJson(path, LockSchema, { limit: LARGEST_LOCK }).catch(
    async (error: unknown) => {
      if (!(error instanceof CpiabError) || error.code !== 'E1006') throw error;
      const { published, hosts } = await unpinned(repository, site);
      const args: [string, string, string] = [site.name, published.join(', '), hosts.join(', ')];
      throw new CpiabError('E1047', { subject: path, args, cause: error });
    },
  );
  const drift = driftBetween(lock, { ...lock, inputs: await lockInputs(repository, site) });
  if (drift.length > 0) {
    const changed = drift.map(({ what }) => what).join(', ');
    throw new CpiabError('E1005', { subject: path, args: [changed, site.name], drift });
  }
  requireFit(lock, site, path);
  return { lock, text, digest: digestOfBytes(text) };
}
