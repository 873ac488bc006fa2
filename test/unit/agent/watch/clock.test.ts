import { mkdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type TimeSources, watchClock, whyWrong } from '../../../../agent/watch/clock.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const ms = (text: string) => Date.parse(text);
const built = ms('2026-11-20');
const right = {
  now: ms('2027-03-01'),
  built,
  expires: ms('2027-11-20'),
  authority: ms('2026-12-24'),
  hardware: null,
};

describe('a clock', () => {
  test.each([
    ['right', {}, null],
    [
      'decades behind',
      { now: ms('1970-01-02') },
      /says 1970-01-02, before this version was made \(2026-11-20\)/,
    ],
    ['years ahead', { now: ms('2040-06-01') }, /says 2040-06-01, and the bundle was good until 2027-11-20/],
    ['ahead when the cluster was made', { authority: ms('2031-01-01') }, /certificates begin on 2031-01-01/],
    [
      'that the box had to set',
      { hardware: ms('2001-01-01') },
      /machine's clock says 2001-01-01; the box goes on from the newest time that it knew, 2027-03-01/,
    ],
    ['of a box that knows no bundle yet', { now: ms('2040-06-01'), expires: null, authority: null }, null],
  ] as const)('%s', (_name, facts, why) => {
    const told = whyWrong({ ...right, ...facts });
    if (why === null) expect(told).toBeNull();
    else expect(told).toMatch(why);
  });
});

describe('the newest time that fits', () => {
  const here = freshDirectory();
  const { signal } = new AbortController();
  let now = right.now;
  const watch = async (expires: number | null) => {
    const sources: TimeSources = {
      ...{
        now: () => now,
        expires: () => expires,
        software: here('site.yaml'),
        newest: here('state', 'clock'),
      },
      ...{ authority: here('ca.crt'), hardware: here('since_epoch') },
    };
    await mkdir(here('state'), { recursive: true });
    await writeFile(here('site.yaml'), '');
    await utimes(here('site.yaml'), built / 1000, built / 1000);
    return await watchClock(sources)(signal);
  };
  const isKept = () =>
    stat(here('state', 'clock')).then(
      () => true,
      () => false,
    );

  test('is kept for a machine that loses its own', async () => {
    expect(await watch(right.expires)).toBeNull();
    expect(await isKept()).toBe(true);
  });

  test('is not one that no bundle bounds, nor one that does not fit: nothing would take it back', async () => {
    expect(await watch(null)).toBeNull();
    expect(await isKept()).toBe(false);
    now = ms('2040-06-01');
    expect((await watch(right.expires))?.nextAction).toMatch(/set the machine's clock/);
    expect(await isKept()).toBe(false);
    now = right.now;
    await rm(here('state'), { recursive: true });
  });
});
