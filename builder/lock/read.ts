import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { type Lock, LockSchema } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import { driftBetween } from './drift.ts';
import { lockInputs } from './inputs.ts';

export const lockPath = (repository: string, site: string) =>
  join(repository, 'config', 'clusters', `${site}.lock.json`);

export interface ReadLock {
  lock: Lock;
  digest: Digest;
  /** The file as it lies in Git: the bundle carries it so. */
  text: string;
}

/**
 * Reads the site's committed lock.
 * @throws CpiabError E1006 when there is none, E1004 when it isn't a lock, E1005 naming what changed since it was made.
 */
export async function readLock(repository: string, site: Site): Promise<ReadLock> {
  const path = lockPath(repository, site.name);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CpiabError('E1006', { subject: path, cause });
  });
  const lock = parseLock(text, path);
  const drift = driftBetween(lock, { ...lock, inputs: await lockInputs(repository, site) });
  if (drift.length > 0) {
    const changed = drift.map(({ what }) => what).join(', ');
    throw new CpiabError('E1005', { subject: path, args: [changed, site.name], drift });
  }
  return { lock, text, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}

function parseLock(text: string, path: string): Lock {
  try {
    return LockSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CpiabError('E1004', { subject: path, cause });
  }
}
