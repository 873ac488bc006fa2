import { expect, test } from 'vitest';
import { held, verdictOf } from '../../../contract/drill/report.ts';
import { longestGap, partsOf, writersOf } from '../../../drill/measure/writes.ts';

const paid = (acknowledged: number, server: string) => ({
  id: String(acknowledged),
  sent: acknowledged - 10,
  acknowledged,
  server,
});

test('the longest time without a write is that from the cut-over on', () => {
  expect(longestGap([0, 900, 1000, 1600, 1700], 1050)).toBe(600);
});

test('without a write before and after the cut-over there is no measurement', () => {
  expect([longestGap([], 5), longestGap([1, 2], 5), longestGap([7, 8], 5)]).toEqual([null, null, null]);
});

test('what was not measured fails', () => {
  expect([held('x', 1, null).result, held('x', 1, 1).result, held('x', 1, 2).result]).toEqual([
    'not-measured',
    'pass',
    'fail',
  ]);
  expect(verdictOf('moved', [held('x', 1, null)])).toBe('failed');
  expect(verdictOf('rolled-back', [held('x', 1, 1)])).toBe('failed');
  expect(verdictOf('moved', [held('x', 1, 1)])).toBe('passed');
});

test('of a drill that never fenced there is no RTO, and nothing lost unless it was looked', () => {
  const parts = partsOf({ customers: [paid(1, 'a'), paid(9, 'b')], statements: [] }, null, null);
  expect(parts.map(({ rtoMs, lost }) => [rtoMs, lost])).toEqual(Array(4).fill([null, null]));
});

test('a write that is sent to bank A after bank B has taken one is an overlap', () => {
  const servers = { a: '10.0.0.1', b: '10.0.0.2' };
  const one = { customers: [paid(100, servers.a), paid(300, servers.b)], statements: [] };
  expect(writersOf(one, servers).overlapMs).toBe(-210);
  const both = { ...one, customers: [...one.customers, paid(400, servers.a)] };
  expect(writersOf(both, servers).overlapMs).toBe(90);
});
