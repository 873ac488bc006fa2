import { expect, test } from 'vitest';
import { type ProgressEvent, tracked } from '../../../contract/progress.ts';

const part = { id: 'kube', title: 'compile Kubernetes' };

test('work is reported when it starts and when it is done, with what its result says', async () => {
  const events: ProgressEvent[] = [];
  const result = await tracked(
    (event) => events.push(event),
    part,
    async () => 42,
    (bytes) => ({ bytes, cached: true }),
  );
  expect(result).toBe(42);
  expect(events).toEqual([
    { type: 'start', ...part },
    { type: 'done', id: 'kube', tookMs: expect.any(Number), bytes: 42, cached: true },
  ]);
});

test('work that fails is reported so, and its error passes', async () => {
  const events: ProgressEvent[] = [];
  const failing = tracked(
    (event) => events.push(event),
    part,
    async () => {
      throw new Error('no such module');
    },
  );
  await expect(failing).rejects.toThrow('no such module');
  expect(events.at(-1)).toMatchObject({ type: 'fail', id: 'kube', detail: 'no such module' });
});
