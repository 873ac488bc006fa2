import { expect, test } from 'vitest';
import { askPostcheck } from '../../../../cli/postcheck/ask.ts';
import { entry, reportOf } from '../../../support/postcheck/report.ts';
import { refusal } from '../../../support/refusal.ts';

/** A box that says these lines, and then perhaps breaks off. */
const saying = (lines: object[], broken?: Error) => ({
  async *lines() {
    for (const line of lines) yield JSON.stringify(line);
    if (broken !== undefined) throw broken;
  },
});
const check = entry('engine/dns', 'pass');

test('each check is told as it ends, and the report is the last line', async () => {
  const told: unknown[] = [];
  const report = reportOf(check);
  const box = saying([{ check, of: 1 }, { report }]);
  expect(await askPostcheck(box, 'box', (event) => told.push(event))).toEqual(report);
  expect(told).toContainEqual({ type: 'progress', id: 'postcheck', detail: '1 of 1: engine/dns: pass' });
});

test.each([
  ['ends early', saying([{ check, of: 2 }])],
  ['breaks off', saying([{ check, of: 2 }], new Error('socket hang up'))],
  ['says something else', saying([{ hello: 'you' }])],
])('an answer that %s is no report', async (_how, box) => {
  expect((await refusal(askPostcheck(box, 'box', () => {}))).code).toBe('E5610');
});
