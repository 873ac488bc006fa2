import { readFile } from 'node:fs/promises';
import { CpiabError } from '../../contract/errors.ts';
import { type DebianPackage, type Lock, LockSchema } from '../../contract/lock.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import { writeAtomic } from '../../host/files.ts';
import type { BuildHost } from '../host.ts';
import { lockPath } from './read.ts';
import { formatLock, resolveLock } from './resolve.ts';

/** A package or program whose version is another than before. Null: it was not there, or is no more. */
export interface VersionChange {
  name: string;
  before: string | null;
  after: string | null;
}

/**
 * Pins the site anew and writes its lock.
 * @param only packages that may change their version; all when empty.
 * @throws CpiabError E1002 when one of `only` is not in the lock.
 */
export async function updateLock(
  site: Site,
  only: readonly string[],
  host: BuildHost,
): Promise<{ lock: Lock; changes: VersionChange[] }> {
  const path = lockPath(host.repository, site.name);
  const old = await readOld(path);
  rejectUnknown(only, old, path);
  const part = { id: 'lock', title: 'lock: pin every reference' };
  const fresh = await tracked(host.progress, part, () => resolveLock(site, host));
  const lock = only.length === 0 || old === null ? fresh : keepVersions(old, fresh, new Set(only));
  await writeAtomic(path, formatLock(lock));
  return { lock, changes: changesBetween(old, lock) };
}

/** The lock as it is; null when there is none, or one that an older version wrote. */
async function readOld(path: string): Promise<Lock | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : (LockSchema.safeParse(parseJson(text)).data ?? null);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function rejectUnknown(only: readonly string[], old: Lock | null, path: string): void {
  const known = new Set([
    ...(old?.debian.packages.map(({ name }) => name) ?? []),
    ...(old?.upstream.map(({ reference }) => reference) ?? []),
  ]);
  const unknown = only.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new CpiabError('E1002', { subject: path, args: ['a package or image in the lock', unknown] });
}

/** The fresh lock, but every package that was locked already and isn't named stays as it was. */
function keepVersions(old: Lock, fresh: Lock, named: ReadonlySet<string>): Lock {
  const locked = new Map(old.debian.packages.map((found) => [identity(found), found]));
  const packages = fresh.debian.packages.map((found) =>
    named.has(found.name) ? found : (locked.get(identity(found)) ?? found),
  );
  const images = new Map(old.upstream.map((found) => [found.reference, found]));
  const upstream = fresh.upstream.map((found) =>
    named.has(found.reference) ? found : (images.get(found.reference) ?? found),
  );
  return { ...fresh, upstream, debian: { ...fresh.debian, packages } };
}

const identity = ({ name, arch }: DebianPackage) => `${name}:${arch}`;

/** Versions that differ between two locks, by name. */
export function changesBetween(old: Lock | null, fresh: Lock): VersionChange[] {
  const [before, after] = [versions(old), versions(fresh)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .toSorted()
    .map((name) => ({ name, before: before.get(name) ?? null, after: after.get(name) ?? null }))
    .filter((change) => change.before !== change.after);
}

function versions(lock: Lock | null): Map<string, string> {
  if (lock === null) return new Map();
  return new Map(
    [
      ...lock.debian.packages,
      ...lock.go,
      { name: lock.node.package, version: lock.node.version },
      ...lock.upstream.map(({ reference, digest }) => ({ name: reference, version: digest })),
    ].map(({ name, version }) => [name, version]),
  );
}
