import { lstat, opendir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BoxRecord, boxRecords, CONSOLE_LOG, machinesFolder } from './box-record.ts';
import type { Cache } from './cache.ts';
import { sha256File } from './files.ts';

/** What one folder of the cache takes. */
export interface CachePart {
  /** Folder below the cache's root. */
  name: string;
  /** Files. */
  files: number;
  /** Bytes on disk; a file with several names counts once. */
  bytes: number;
}

/** Measures every folder of a cache, largest first. A cache that isn't there has none. */
export async function measureCache(cache: Cache, signal: AbortSignal): Promise<CachePart[]> {
  const names = await readdir(cache.root).catch(() => []);
  const seen = new Set<number>();
  const parts: CachePart[] = [];
  for (const name of names) {
    const part = { name, files: 0, bytes: 0 };
    for await (const { ino, bytes } of filesBelow(join(cache.root, name), signal)) {
      if (seen.has(ino)) continue;
      seen.add(ino);
      part.files += 1;
      part.bytes += bytes;
    }
    parts.push(part);
  }
  return parts.toSorted((a, b) => b.bytes - a.bytes);
}

async function* filesBelow(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<{ ino: number; bytes: number }> {
  signal.throwIfAborted();
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isDirectory()) yield { ino: found.ino, bytes: found.blocks * 512 };
  else for await (const entry of await opendir(path)) yield* filesBelow(join(path, entry.name), signal);
}

/**
 * Hashes every file of the pool and removes those that are not what their name says: a build makes them anew.
 * @param onFile hears of each file's bytes.
 * @returns names of what was removed.
 */
export async function verifyPool(
  cache: Cache,
  signal: AbortSignal,
  onFile: (bytes: number) => void,
): Promise<{ files: number; damaged: string[] }> {
  const damaged: string[] = [];
  const names = (await readdir(cache.pool).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
  for (const name of names) {
    const { sha256, size } = await sha256File(cache.blobPath(name), signal);
    onFile(size);
    if (sha256 === name) continue;
    damaged.push(name);
    await rm(cache.blobPath(name), { force: true });
  }
  return { files: names.length, damaged };
}

/** An entry that can be removed by itself. */
interface Entry {
  paths: string[];
  bytes: number;
  /** Milliseconds since the epoch. */
  used: number;
}

export interface PruneLimits {
  /** What was used before this goes, milliseconds since the epoch. */
  before?: number;
  /** What was used longest ago goes until the rest fits, bytes. */
  size?: number;
}

/**
 * Removes what has not been used for long: records of products with the files that no other record names,
 * other files of the pool, trees, and what machines that have ended left. A build that needs them makes them anew.
 */
export async function pruneCache(
  cache: Cache,
  { before = 0, size = Number.POSITIVE_INFINITY }: PruneLimits,
): Promise<{ entries: number; bytes: number }> {
  const entries = (await entriesOf(cache)).toSorted((a, b) => a.used - b.used);
  let left = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const gone = { entries: 0, bytes: 0 };
  for (const entry of entries) {
    if (entry.used >= before && left <= size) break;
    for (const path of entry.paths) await rm(path, { recursive: true, force: true });
    left -= entry.bytes;
    gone.entries += 1;
    gone.bytes += entry.bytes;
  }
  return gone;
}

async function entriesOf(cache: Cache): Promise<Entry[]> {
  const records = await recordsOf(cache);
  const uses = new Map<string, number>();
  for (const { files } of records) for (const file of files) uses.set(file, (uses.get(file) ?? 0) + 1);
  const products = records.map(async ({ path, files }) => {
    // What two records name stays as long as one of them does.
    const own = files.filter((file) => uses.get(file) === 1).map((file) => cache.blobPath(file));
    return await entry([path, ...own], [path]);
  });
  const pool = (await readdir(cache.pool).catch(() => []))
    .filter((name) => !uses.has(name))
    .map((name) => entry([cache.blobPath(name), cache.usePath(name)]));
  const trees = (await treesOf(cache)).map((path) => entry([path]));
  return await Promise.all([...products, ...pool, ...trees, ...(await machinesOf(cache))]);
}

async function recordsOf(cache: Cache): Promise<{ path: string; files: string[] }[]> {
  const folder = join(cache.root, 'products');
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const path = join(folder, name);
        return { path, files: shaIn(await readFile(path, 'utf8').catch(() => '')) };
      }),
  );
}

const shaIn = (text: string) =>
  [...text.matchAll(/"sha256": "(?<sha256>[0-9a-f]{64})"/g)].map(([, sha256]) => sha256 ?? '');

async function treesOf(cache: Cache): Promise<string[]> {
  const folder = join(cache.root, 'trees');
  const kinds = await readdir(folder).catch(() => []);
  const trees = await Promise.all(
    kinds.map(async (kind) => (await readdir(join(folder, kind))).map((name) => join(folder, kind, name))),
  );
  return trees.flat();
}

/** Consoles of virtual machines and the records of them. One that runs stays. */
async function machinesOf(cache: Cache): Promise<Promise<Entry>[]> {
  const folder = machinesFolder(cache.root);
  const records = await boxRecords(cache.root);
  const machines = (await readdir(folder).catch(() => [])).map((name) => {
    const directory = join(folder, name);
    const own = records.filter(({ record }) => dirname(record.console) === directory);
    const paths = [directory, ...own.map(({ path }) => path)];
    return { paths, marks: [directory, join(directory, CONSOLE_LOG)], runs: own.some(isRunning) };
  });
  return machines.filter(({ runs }) => !runs).map(({ paths, marks }) => entry(paths, marks));
}

function isRunning({ record: { pid } }: { record: BoxRecord }): boolean {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** @param marks the paths whose newest time says when the entry was used last. */
async function entry(paths: string[], marks = paths): Promise<Entry> {
  const times = marks.map(async (mark) => (await lstat(mark).catch(() => null))?.mtimeMs ?? 0);
  const used = Math.max(...(await Promise.all(times)));
  const never = new AbortController().signal;
  let bytes = 0;
  for (const path of paths) for await (const file of filesBelow(path, never)) bytes += file.bytes;
  return { paths, bytes, used };
}
