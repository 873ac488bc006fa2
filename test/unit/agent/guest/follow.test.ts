import { expect, test } from 'vitest';
import { follow } from '../../../../agent/guest/follow.ts';
import { BoxReport } from '../../../../agent/report/report.ts';

const never = new AbortController().signal;

/** What is said while a report goes through changes, one for each look. */
async function told(changes: ((report: BoxReport) => void)[]): Promise<[boolean, string[]]> {
  const report = new BoxReport(['enroll', 'join'], () => 0, 'lab');
  const lines: string[] = [];
  const ask = async () => {
    changes.shift()?.(report);
    return report.snapshot();
  };
  const ready = await follow(ask, (line) => lines.push(line), never, 1);
  return [ready, lines];
}

test('each step is told once, and the end', async () => {
  const told1 = await told([
    (report) => report.begin('enroll'),
    (report) => report.progress('enroll', 'waiting for approval; key ab12'),
    () => {},
    (report) => report.done('enroll', 'node 1'),
    (report) => report.begin('join'),
    (report) => {
      report.observe({ node: { box: '10.0.0.7:7443', name: 'worker-2', key: 'ab12', id: '1' } });
      report.ready();
    },
  ]);
  expect(told1).toEqual([
    true,
    [
      'enroll: begun',
      'enroll: waiting for approval; key ab12',
      'enroll',
      'join: begun',
      'worker-2 is a node of 10.0.0.7:7443',
    ],
  ]);
});

test('a problem is told when it comes, not with each step, and one that ends the boot ends this', async () => {
  const problem = { problem: 'the disk is nearly full', nextAction: 'make room' };
  const [ready, lines] = await told([
    (report) => report.lasting('space', problem),
    (report) => report.begin('enroll'),
    (report) => report.failed('enroll', { problem: 'refused', nextAction: 'ask' }, true),
  ]);
  expect(ready).toBe(false);
  expect(lines).toEqual([
    'verify',
    'problem: the disk is nearly full\nhint: make room',
    'enroll: begun',
    'failed',
    'problem: refused\nhint: ask',
  ]);
});
