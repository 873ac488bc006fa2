import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { Cache, cacheRoot, stableJson } from '../../../host/cache.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
let cache: Cache;
beforeEach(() => {
  cache = new Cache(here('cache'));
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const namesIn = async (directory: string) => await readdir(here('cache', directory)).catch(() => []);

/** A product of one file; counts how often it is made. */
function product(text = 'made') {
  const made = { times: 0 };
  const make = async (key: Record<string, unknown> = { of: 1 }) =>
    await cache.files<'one'>('kind', key, async (scratch) => {
      made.times += 1;
      await writeFile(join(scratch, 'one'), text);
      return { one: join(scratch, 'one') };
    });
  return { made, make };
}

describe('files', () => {
  test('are made once for a key, whatever the order of its members, and again for another', async () => {
    const { made, make } = product();
    const first = await make({ a: 1, b: { c: 2, d: [3] } });
    expect(first).toEqual({
      cached: false,
      files: { one: { sha256: sha256('made'), size: 4, path: cache.blobPath(sha256('made')) } },
    });
    expect(await make({ b: { d: [3], c: 2 }, a: 1 })).toEqual({ ...first, cached: true });
    expect(made.times).toBe(1);
    await make({ a: 1, b: { c: 2, d: [4] } });
    expect(made.times).toBe(2);
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['is gone', (path) => rm(path)],
    ['is cut off', (path) => truncate(path, 1)],
  ])('are made again when a pool file %s', async (_, damage) => {
    const { made, make } = product();
    const { files } = await make();
    await damage(files.one.path);
    expect((await make()).cached).toBe(false);
    expect(await readFile(files.one.path, 'utf8')).toBe('made');
    expect(made.times).toBe(2);
  });

  test('are made again when the record is damaged', async () => {
    const { make } = product();
    await make();
    const [record = ''] = await namesIn('products/kind');
    await truncate(here('cache', 'products/kind', record), 5);
    expect((await make()).cached).toBe(false);
  });

  test('leave nothing when making them fails', async () => {
    const failing = cache.files('kind', {}, async (scratch) => {
      await writeFile(join(scratch, 'half'), '');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect([await namesIn('products/kind'), await namesIn('tmp')]).toEqual([[], []]);
  });

  test('of two producers at once are the same file in the pool, whole', async () => {
    const { make } = product('x'.repeat(100_000));
    const results = await Promise.all(Array.from({ length: 8 }, () => make()));
    expect(new Set(results.map(({ files }) => files.one.path)).size).toBe(1);
    expect(await namesIn('blobs/sha256')).toEqual([sha256('x'.repeat(100_000))]);
    expect((await make()).cached).toBe(true);
    expect(await namesIn('tmp')).toEqual([]);
  });

  test('leave no record of a build that was killed; the next one makes them', async () => {
    const program = `
      import { Cache } from ${JSON.stringify(new URL('../../../host/cache.ts', import.meta.url).href)};
      import { writeFile } from 'node:fs/promises';
      await new Cache(process.argv[1]).files('kind', { of: 1 }, async (scratch) => {
        await writeFile(scratch + '/one', 'half');
        console.log('half');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, here('cache')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect([await namesIn('products/kind'), await namesIn('blobs/sha256')]).toEqual([[], []]);
    expect((await product().make()).cached).toBe(false);
  });
});

describe('tree', () => {
  const fill = async (directory: string) => {
    await sleep(5);
    await writeFile(join(directory, 'file'), 'x');
  };

  test('is filled once', async () => {
    const first = await cache.tree('kind', { of: 1 }, fill);
    expect(await readFile(join(first.path, 'file'), 'utf8')).toBe('x');
    expect(await cache.tree('kind', { of: 1 }, fill)).toEqual({ path: first.path, cached: true });
  });

  test('is one also when two fill it at once', async () => {
    const trees = await Promise.all([1, 2, 3].map(() => cache.tree('kind', { of: 1 }, fill)));
    expect(new Set(trees.map(({ path }) => path)).size).toBe(1);
    expect(await readdir(trees[0]?.path ?? '')).toEqual(['file']);
    expect(await namesIn('tmp')).toEqual([]);
  });

  test('is not there when filling it failed', async () => {
    const failing = cache.tree('kind', { of: 1 }, async (directory) => {
      await fill(directory);
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect([await namesIn('trees/kind'), await namesIn('tmp')]).toEqual([[], []]);
  });
});

describe('a damaged file of the right size', () => {
  const damage = async () => {
    const file = await cache.put('content');
    await writeFile(file.path, 'cOntent');
    return file;
  };

  test('is named and taken out when something is to be made of it', async () => {
    const file = await damage();
    const error = await refusal(new Cache(cache.root).check(file));
    expect(error).toMatchObject({ code: 'E3010', exit: 1 });
    expect(error.subject).toContain(`sha256:${sha256('content')}`);
    expect(await namesIn('blobs/sha256')).toEqual([]);
  });

  test('is mended when its content is put again', async () => {
    const { path } = await damage();
    await cache.put('content');
    expect(await readFile(path, 'utf8')).toBe('content');
  });

  test('is told from a good one', async () => {
    const file = await cache.put('content');
    expect(await cache.check(file)).toEqual(file);
  });
});

test('a use of a pool file leaves the file as it is, as bundles share it', async () => {
  const { path, sha256 } = await cache.put('content');
  await utimes(path, 1, 1);
  await cache.touchBlob(sha256);
  expect((await stat(path)).mtimeMs).toBe(1000);
  expect(Date.now() - (await stat(cache.usePath(sha256))).mtimeMs).toBeLessThan(60_000);
});

test('sweep removes what is old and keeps what another build works on, whatever it unpacked there', async () => {
  const old = await cache.scratch('old');
  await mkdir(join(old, 'below'));
  await sleep(20);
  const now = Date.now();
  await sleep(20);
  const young = await cache.scratch('young');
  await utimes(young, 1, 1);
  await cache.sweep(now);
  await expect(stat(old)).rejects.toThrow('ENOENT');
  expect((await stat(young)).isDirectory()).toBe(true);
  await new Cache(here('never made')).sweep(Date.now());
});

test('stableJson sorts members at every depth and keeps the order of lists', () => {
  expect(stableJson({ b: [{ d: 1, c: 2 }, 'x'], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},"x"]}');
});

describe('cacheRoot', () => {
  test.each([
    [{ CPIAB_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
    [{ XDG_CACHE_HOME: '/b' }, '/b/cpiab'],
    [{ CPIAB_CACHE: '', XDG_CACHE_HOME: '' }, join(homedir(), '.cache/cpiab')],
    [{ CPIAB_CACHE: 'here' }, join(process.cwd(), 'here')],
  ])('%j', (env, expected) => {
    expect(cacheRoot(env)).toBe(expected);
  });
});
