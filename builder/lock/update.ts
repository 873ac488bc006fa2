import { readFile } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import { type Lock, LockSchema } from '../../contract/lock.ts';
import type { DriftEntry } from '../../contract/lock-drift.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import { writeAtomic } from '../../host/files.ts';
import { jsonOrNull } from '../../host/json.ts';
import type { BuildHost } from '../host.ts';
import { driftBetween } from './drift.ts';
import { keepVersions } from './keep.ts';
import { lockPath } from './read.ts';
import { formatLock, resolveLock } from './resolve.ts';

/** A lock that was made anew, not written yet. */
export interface LockPlan {
  path: string;
  lock: Lock;
  /** Whether there was a lock to compare with. */
  first: boolean;
  drift: DriftEntry[];
}

/**
 * Pins the site anew. Writes nothing.
 * @param only packages and images that may change their version; all when empty.
 * @throws CpiabError E1002 when one of `only` is not in the lock.
 */
export async function planLock(site: Site, only: readonly string[], host: BuildHost): Promise<LockPlan> {
  const path = lockPath(host.repository, site.name);
  const old = await readOld(path);
  rejectUnknown(only, old, path);
  const part = { id: 'lock', title: 'lock: pin every reference' };
  const fresh = await tracked(host.progress, part, () => resolveLock(site, host));
  const lock = only.length === 0 || old === null ? fresh : keepVersions(old, fresh, new Set(only));
  return { path, lock, first: old === null, drift: driftBetween(old, lock) };
}

/** Writes the lock that was planned. */
export async function writeLock({ path, lock }: LockPlan): Promise<void> {
  await writeAtomic(path, formatLock(lock));
}

/** The lock as it is; null when there is none, or one that an older version wrote. */
async function readOld(path: string): Promise<Lock | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : (LockSchema.safeParse(jsonOrNull(text)).data ?? null);
}

function rejectUnknown(only: readonly string[], old: Lock | null, path: string): void {
  const known = new Set([
    ...(old?.debian.packages.map(({ name }) => name) ?? []),
    ...(old?.upstream.map(({ reference }) => reference) ?? []),
    ...(old?.charts.map(({ reference }) => reference) ?? []),
    ...(old?.files.map(({ path }) => path) ?? []),
    ...(old?.git.map(({ url, ref }) => `${url}@${ref}`) ?? []),
  ]);
  const unknown = only.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new CpiabError('E1002', { subject: path, args: ['a package or image in the lock', unknown] });
}
