import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { findBoxRecord, keepBoxRecord } from '../../../host/box-record.ts';
import { Cache, type CachedFile } from '../../../host/cache.ts';
import { measureCache, pruneCache, verifyPool } from '../../../host/cache-upkeep.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const DAY = 24 * 60 * 60 * 1000;
let cache: Cache;
beforeEach(() => {
  cache = new Cache(path());
});

/** A product of one file; its record was used so many days ago. */
async function product(name: string, files: Record<string, string>, days: number) {
  const made = await cache.files('test', { name }, async (scratch) => {
    const paths: Record<string, string> = {};
    for (const [file, text] of Object.entries(files)) {
      paths[file] = join(scratch, file);
      await writeFile(paths[file], text);
    }
    return paths;
  });
  const folder = join(path(), 'products', 'test');
  for (const record of await readdir(folder)) {
    const text = await readFile(join(folder, record), 'utf8');
    if (Object.values(made.files).every(({ sha256 }) => text.includes(sha256)))
      await aged(join(folder, record), days);
  }
  return made.files;
}

async function aged(file: string, days: number): Promise<void> {
  const then = new Date(Date.now() - days * DAY);
  await utimes(file, then, then);
}

const there = async (file: string) => (await stat(file).catch(() => null)) !== null;

/** What a machine leaves, forty days ago. */
async function machine(name: string, pid: number | null) {
  const console = join(path(), 'machines', name, 'console.log');
  await mkdir(dirname(console), { recursive: true });
  await writeFile(console, 'it was here\n');
  for (const one of [console, dirname(console)]) await aged(one, 40);
  const url = `https://127.0.0.1:${name.length}`;
  const known = { url, fingerprint: 'f'.repeat(64), site: 'lab', disk: null, started: Date.now() };
  await keepBoxRecord(path(), { ...known, pid, console });
  return { directory: dirname(console), url };
}

describe('pruneCache', () => {
  test('removes what was not used since, and keeps what another product shares', async () => {
    const old = await product('old', { a: 'only old', b: 'shared' }, 40);
    const fresh = await product('fresh', { b: 'shared', c: 'only fresh' }, 1);
    const gone = await pruneCache(cache, { before: Date.now() - 30 * DAY });
    expect(gone.entries).toBe(1);
    expect(await there(old['a']?.path ?? '')).toBe(false);
    expect(await there(fresh['b']?.path ?? '')).toBe(true);
    expect(await there(fresh['c']?.path ?? '')).toBe(true);
  });

  test('removes the longest unused until the rest fits', async () => {
    const big = 'x'.repeat(100_000);
    const files: Record<string, CachedFile>[] = [];
    for (const days of [3, 2, 1]) files.push(await product(`p${days}`, { f: `${days}${big}` }, days));
    await pruneCache(cache, { size: 250_000 });
    expect(await Promise.all(files.map((file) => there(file['f']?.path ?? '')))).toEqual([false, true, true]);
  });

  test('counts a use: what a build took from the cache yesterday stays', async () => {
    await product('used', { a: 'used' }, 40);
    const again = await cache.files('test', { name: 'used' }, () => Promise.reject(new Error('made anew')));
    expect(again.cached).toBe(true);
    expect((await pruneCache(cache, { before: Date.now() - 30 * DAY })).entries).toBe(0);
  });

  test('removes downloads and trees as well', async () => {
    const blob = await cache.put('a download');
    await aged(blob.path, 40);
    const { path: tree } = await cache.tree('t', { a: 1 }, async (directory) => {
      await writeFile(join(directory, 'f'), 'x');
    });
    await aged(tree, 40);
    expect((await pruneCache(cache, { before: Date.now() - 30 * DAY })).entries).toBe(2);
    expect([await there(blob.path), await there(tree)]).toEqual([false, false]);
  });
});

test('pruneCache removes what machines that have ended left, with their records', async () => {
  const runs = await machine('runs', process.pid);
  const ended = await machine('ended', 2 ** 22 + 1);
  expect((await pruneCache(cache, { before: Date.now() - 30 * DAY })).entries).toBe(1);
  expect([await there(runs.directory), await there(ended.directory)]).toEqual([true, false]);
  expect(await findBoxRecord(path(), runs.url)).not.toBeNull();
  expect(await findBoxRecord(path(), ended.url)).toBeNull();
});

test('verifyPool finds and removes what is not what its name says', async () => {
  const good = await cache.put('good');
  const bad = await cache.put('bad');
  await writeFile(bad.path, 'baD');
  const seen: number[] = [];
  expect(await verifyPool(cache, signal, (bytes) => seen.push(bytes))).toEqual({
    files: 2,
    damaged: [bad.sha256],
  });
  expect(seen).toHaveLength(2);
  expect([await there(good.path), await there(bad.path)]).toEqual([true, false]);
});

test('measureCache counts every folder, and a file with two names once', async () => {
  await cache.put('x'.repeat(10_000));
  const parts = await measureCache(cache, signal);
  expect(parts).toMatchObject([{ name: 'blobs', files: 1 }]);
  expect(parts[0]?.bytes).toBeGreaterThanOrEqual(10_000);
  expect(await measureCache(new Cache(path('none')), signal)).toEqual([]);
});
