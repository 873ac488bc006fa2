import { describe, expect, test } from 'vitest';
import { timelineRows, timeMarks } from '../../../contract/timeline.ts';
import { timelineSvg } from '../../../contract/timeline-svg.ts';
import { run } from '../../../host/process.ts';
import { scenes } from '../../support/console/scenes.ts';

const statusOf = (name: string) => (scenes[name]?.() ?? expect.unreachable()).report.snapshot();

test('a step that runs has taken what went by so far, one that waits has no bar', () => {
  const rows = timelineRows(statusOf('booting'));
  expect(rows.map(({ name, fromMs, took }) => [name, fromMs, took])).toEqual([
    ['kernel', 0, '6.2 s'],
    ['verify', 6200, '4.1 s'],
    ['serve', 10_300, '1.9 s'],
    ['engine', 12_200, '15.2 s so far'],
    ['flux', null, ''],
    ['converge', null, ''],
  ]);
});

test.each([
  [900, [0]],
  [9500, [0, 2000, 4000, 6000, 8000]],
  [61_000, [0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]],
  [700_000, [0, 120_000, 240_000, 360_000, 480_000, 600_000]],
])('%d ms have an axis of round numbers', (end, marks) => {
  expect(timeMarks(end, 8)).toEqual(marks);
});

test('a boot of days has no more marks than asked for', () => {
  expect(timeMarks(5 * 86_400_000, 8).length).toBeLessThanOrEqual(9);
});

describe('the picture', () => {
  test.each(Object.keys(scenes))(
    '%s is well-formed, the same each time, and reaches for nothing',
    async (name) => {
      const text = timelineSvg(statusOf(name));
      expect(timelineSvg(statusOf(name))).toBe(text);
      expect(text.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|href|url\(/);
      await run(
        ['python3', '-c', 'import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())'],
        { input: text },
      );
    },
  );

  test('takes what others wrote as text', () => {
    const status = statusOf('ready');
    status.box.site = '</title><script>alert(1)</script>';
    expect(timelineSvg(status)).not.toContain('<script');
  });
});
