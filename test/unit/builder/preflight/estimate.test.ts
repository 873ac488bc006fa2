import { describe, expect, test } from 'vitest';
import { estimate, estimateText } from '../../../../builder/preflight/estimate.ts';
import type { Work } from '../../../../builder/preflight/work.ts';

const program = (name: string) => ({
  name,
  dir: name,
  outputs: [{ bin: name, package: '.' }],
  tags: [],
  variables: {},
  modules: [{ module: name, version: 'v1', licence: 'MIT' }],
});

function workOf(changes: Partial<Work> = {}): Work {
  return {
    debs: { count: 0, bytes: 0 },
    programs: [],
    cold: false,
    modules: { all: 0, missing: 0 },
    node: false,
    published: { images: [], charts: [], files: [], bytes: 0 },
    assembled: [],
    media: [],
    ...changes,
  };
}

const time = (seconds: number, longest = seconds, bytes = 0) => ({
  tookMs: seconds * 1000,
  longestMs: longest * 1000,
  bytes,
});

describe('the estimate', () => {
  test('of a first build is a guess by cores, and says so', () => {
    const work = workOf({
      programs: [program('kube')],
      assembled: ['image'],
      debs: { count: 9, bytes: 400e6 },
    });
    const two = estimate(work, {}, 2);
    expect(two).toMatchObject({
      compileMs: 300_000,
      downloadMs: 100_000,
      assembleMs: 60_000,
      basis: 'assumed',
    });
    expect(estimate(work, {}, 4).compileMs).toBe(150_000);
    expect(estimate(work, {}, 1).compileMs).toBe(600_000);
    expect(estimateText(two)).toBe(
      'about 8 min: 5 min to compile, 2 min to download, 1 min to assemble and write (a guess: nothing was measured here yet)',
    );
  });

  test('is what each part took here the last time', () => {
    const work = workOf({ programs: [program('kube')], assembled: ['image'] });
    const found = estimate(work, { 'go/kube': time(40, 250), image: time(20) }, 2);
    expect(found).toMatchObject({ compileMs: 40_000, assembleMs: 20_000, basis: 'measured' });
    expect(estimateText(found)).toBe('about 1 min (by what it took here before)');
  });

  test('is what it took at most where nothing compiled is left', () => {
    const work = workOf({ programs: [program('kube')], cold: true });
    expect(estimate(work, { 'go/kube': time(40, 250) }, 2).compileMs).toBe(250_000);
  });

  test('counts on the line that was measured, by downloads that were large enough', () => {
    const work = workOf({ debs: { count: 1, bytes: 100e6 } });
    const times = { debs: time(10, 10, 200e6), files: time(100, 100, 1000) };
    expect(estimate(work, times, 2)).toMatchObject({ downloadMs: 5000, basis: 'measured' });
  });

  test('has only those modules that are not here', () => {
    const all = estimate(workOf({ modules: { all: 10, missing: 10 } }), {}, 2).downloadMs;
    expect(estimate(workOf({ modules: { all: 10, missing: 1 } }), {}, 2).downloadMs).toBeCloseTo(
      all / 10,
      -1,
    );
  });

  test('says which part of it was measured', () => {
    const work = workOf({ programs: [program('kube'), program('new')] });
    expect(estimate(work, { 'go/kube': time(40) }, 2).basis).toBe('partly');
  });

  test('of next to nothing has no figures', () => {
    expect(estimateText(estimate(workOf(), {}, 2))).toBe('less than a minute (by what it took here before)');
  });
});
