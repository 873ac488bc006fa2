import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readTimes, Stopwatch } from '../../../builder/times.ts';
import type { ProgressEvent } from '../../../contract/progress.ts';
import { Cache } from '../../../host/cache.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const path = freshDirectory();
let cache: Cache;
beforeEach(() => {
  cache = new Cache(path('cache'));
});

/** What the next one hears of a build in which these things happened. */
async function build(...events: ProgressEvent[]): Promise<ProgressEvent[]> {
  const stopwatch = new Stopwatch(cache, await readTimes(cache));
  const heard: ProgressEvent[] = [];
  const sink = stopwatch.watch((event) => void heard.push(event));
  for (const event of events) sink(event);
  await stopwatch.saved();
  return heard;
}

const start: ProgressEvent = { type: 'start', id: 'go/kube', title: 'kube', phase: 'compile' };
const took = (tookMs: number): ProgressEvent => ({ type: 'done', id: 'go/kube', tookMs });

test('a part says how long it took the last time; the longest time is kept too', async () => {
  expect(await build(start, took(250_000))).toEqual([start, took(250_000)]);
  expect((await build(start, took(40_000)))[0]).toEqual({ ...start, expectedMs: 250_000 });
  expect((await build(start))[0]).toEqual({ ...start, expectedMs: 40_000 });
  expect(await readTimes(cache)).toEqual({ 'go/kube': { tookMs: 40_000, longestMs: 250_000, bytes: 0 } });
});

test('what the cache had says nothing about time', async () => {
  await build(start, { type: 'done', id: 'go/kube', tookMs: 3, cached: true });
  expect(await readTimes(cache)).toEqual({});
});

test('only downloads say something about the line', async () => {
  const debs: ProgressEvent = { type: 'start', id: 'debs', title: 'packages', phase: 'download', total: 9 };
  const iso: ProgressEvent = { type: 'start', id: 'iso', title: 'ISO', phase: 'write' };
  await build(
    debs,
    iso,
    { type: 'done', id: 'debs', tookMs: 5, bytes: 9 },
    { type: 'done', id: 'iso', tookMs: 5, bytes: 9 },
  );
  const times = await readTimes(cache);
  expect([times['debs']?.bytes, times['iso']?.bytes]).toEqual([9, 0]);
});

test('a damaged record is as none', async () => {
  await build(start, took(1));
  const [name = ''] = await readdir(join(cache.root, 'times'));
  await writeFile(join(cache.root, 'times', name), '{"go/kube":');
  expect(await readTimes(cache)).toEqual({});
});

test('builds of other parts add to what is known', async () => {
  await mkdir(cache.root, { recursive: true });
  await build(start, took(1));
  await build({ ...start, id: 'go/other' }, { type: 'done', id: 'go/other', tookMs: 2 });
  expect(Object.keys(await readTimes(cache))).toEqual(['go/kube', 'go/other']);
});
