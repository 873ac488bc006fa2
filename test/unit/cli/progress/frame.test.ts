import { beforeEach, describe, expect, test } from 'vitest';
import { frame } from '../../../../cli/progress/frame.ts';
import { Parts } from '../../../../cli/progress/parts.ts';

let clock = 0;
let parts: Parts;
beforeEach(() => {
  clock = 0;
  parts = new Parts(() => clock);
  parts.take({ type: 'start', id: 'fetch', title: 'fetch: fill the cache from the lock', phase: 'stage' });
  parts.take({ type: 'start', id: 'go/kube', title: 'kube v1.36.3', phase: 'compile', expectedMs: 300_000 });
  parts.take({ type: 'start', id: 'debs', title: '310 Debian packages', phase: 'download', total: 400e6 });
  for (clock = 1000; clock <= 20_000; clock += 1000)
    parts.take({ type: 'progress', id: 'debs', bytes: clock * 5000 });
  clock = 20_000;
  parts.take({ type: 'start', id: 'node', title: 'Node 26', phase: 'download' });
  parts.take({ type: 'done', id: 'node', tookMs: 5, cached: true });
});

const picture = (columns: number, rows = 24) =>
  frame(parts, { spinner: '*', elapsedMs: clock }, { columns, rows });

describe('the table of what runs', () => {
  test('tells of each part what it does, bytes, rate, time left and time gone', () => {
    expect(picture(100)).toEqual(
      [
        '* fetch: fill the cache from the lock  1 from the cache  20 s',
        '  artifact                   doing             bytes      rate    left  elapsed',
        '  kube v1.36.3             compile                              ~5 min     20 s',
        '  310 Debian packages     download  100 MB of 400 MB  5.0 MB/s   ~1 min     20 s',
      ].map((line) =>
        expect.stringMatching(
          new RegExp(`^${line.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/ {2,}/g, ' +')}$`),
        ),
      ),
    );
  });

  test.each([100, 80, 60, 40, 20, 5])('never is wider than a terminal of %i columns', (columns) => {
    for (const line of picture(columns)) expect(line.length).toBeLessThan(columns);
  });

  test('leaves out what matters least where it is narrow', () => {
    expect(picture(60).join('\n')).not.toContain('/s');
    expect(picture(60)[0]).toBe('* fetch  1 from the cache  20 s');
    expect(picture(60)[2]).toMatch(/^ {2}kube v1\.36\.3 .*~5 min +20 s$/);
    expect(picture(40)[2]).toMatch(/kube.* 20 s$/);
  });

  test.each([24, 10, 5, 3])('leaves room in a terminal of %i rows, and counts what it leaves out', (rows) => {
    for (let index = 0; index < 40; index++)
      parts.take({ type: 'start', id: `go/${index}`, title: `program ${index}` });
    const lines = picture(80, rows);
    expect(lines.length).toBeLessThan(Math.max(rows, 4));
    expect(lines.at(-1)).toMatch(/^and \d+ more$/);
  });

  test('has only the line about everything when no part runs', () => {
    parts.take({ type: 'done', id: 'go/kube', tookMs: 1 });
    parts.take({ type: 'done', id: 'debs', tookMs: 1 });
    expect(picture(80)).toEqual(['* fetch: fill the cache from the lock  2 done, 1 from the cache  20 s']);
  });
});

test('the line about everything has the estimate, and says that the person wants to stop', () => {
  const overall = { spinner: '*', elapsedMs: clock, leftMs: 240_000 };
  const size = { columns: 100, rows: 24 };
  expect(frame(parts, overall, size)[0]).toMatch(/20 s {2}~4 min left$/);
  expect(frame(parts, { ...overall, stopping: true }, size)[0]).toMatch(/^\* stopping {2}/);
  expect(frame(parts, { ...overall, leftMs: -1 }, size)[0]).toMatch(/20 s$/);
});

test('a part that takes longer than the last time says nothing about its end', () => {
  clock = 301_000;
  expect(parts.running().find(({ title }) => title.startsWith('kube'))?.leftMs).toBeUndefined();
});

test('a rate is of the last seconds, not of all time', () => {
  for (clock = 21_000; clock <= 60_000; clock += 1000)
    parts.take({ type: 'progress', id: 'debs', bytes: 100e6 + (clock - 20_000) * 1000 });
  clock = 60_000;
  expect(parts.running().find(({ phase }) => phase === 'download')?.rate).toBeCloseTo(1e6, -5);
});
