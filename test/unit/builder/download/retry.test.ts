import { expect, test } from 'vitest';
import { Retryable, retryAfterMs, withRetries } from '../../../../builder/download/retry.ts';

const { signal } = new AbortController();
const failing = (times: number, error: () => Error) => {
  let tried = 0;
  const work = async () => {
    if (tried++ < times) throw error();
    return tried;
  };
  return { work, tried: () => tried };
};

test('tries again as often as there are pauses, then throws the last failure', async () => {
  const once = failing(2, () => new Retryable('busy'));
  expect(await withRetries(once.work, { signal, pauses: [1, 1] })).toBe(3);
  const always = failing(9, () => new Retryable('busy'));
  await expect(withRetries(always.work, { signal, pauses: [1, 1] })).rejects.toThrow('busy');
  expect(always.tried()).toBe(3);
});

test('throws at once what trying again does not mend', async () => {
  const broken = failing(9, () => new Error('broken'));
  await expect(withRetries(broken.work, { signal, pauses: [1] })).rejects.toThrow('broken');
  expect(broken.tried()).toBe(1);
});

test('begins to count anew when a try brought something', async () => {
  const slow = failing(5, () => new Retryable('cut'));
  expect(await withRetries(slow.work, { signal, pauses: [1], progressed: () => true })).toBe(6);
});

test('waits as long as it is asked to, and ends at once when stopped', async () => {
  const stop = new AbortController();
  const asked = failing(9, () => new Retryable('later', { waitMs: 30_000 }));
  setTimeout(() => stop.abort(new Error('stopped')), 20);
  const started = performance.now();
  await expect(withRetries(asked.work, { signal: stop.signal, pauses: [1] })).rejects.toThrow();
  expect(performance.now() - started).toBeLessThan(5000);
  expect(asked.tried()).toBe(1);
});

test.each([
  ['120', 120_000],
  ['Sat, 21 Nov 2026 18:00:10 GMT', 10_000],
  ['Sat, 21 Nov 2026 17:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s', (header, ms) => {
  expect(retryAfterMs(header, Date.parse('2026-11-21T18:00:00Z'))).toBe(ms);
});
