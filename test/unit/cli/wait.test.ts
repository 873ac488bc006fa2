import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type Milestone, type ReportingBox, waitFor, watch, watchTo } from '../../../cli/box/wait.ts';
import type { ConsoleLine } from '../../../contract/console.ts';
import type { ProgressEvent } from '../../../contract/progress.ts';

const report = (given: Partial<ConsoleLine>): ConsoleLine => ({
  phase: 'verify',
  step: 'verify',
  ms: 0,
  fingerprint: null,
  problem: null,
  nextAction: null,
  ...given,
});
const booting = [
  report({ ms: 15_000 }),
  report({ phase: 'serve', step: 'serve', ms: 18_000, fingerprint: 'ab' }),
  report({
    phase: 'converge',
    step: 'converge',
    ms: 90_000,
    fingerprint: 'ab',
    problem: 'apps/syncthing: not ready',
  }),
];
const ready = report({ phase: 'ready', step: 'converge', ms: 120_000, fingerprint: 'ab' });

/** A box that makes these reports, then ends with a status, or goes on in silence. */
function box(reports: ConsoleLine[], exit: number | 'silent'): ReportingBox {
  return {
    url: 'https://127.0.0.1:1',
    console: '/log',
    machine: { exited: Promise.resolve(exit === 'silent' ? null : exit) },
    reports: async function* (signal) {
      yield* reports;
      if (exit !== 'silent') return;
      if (!signal.aborted) await once(signal, 'abort');
      throw signal.reason;
    },
  };
}

async function wait(which: ReportingBox, until: Milestone, timeout = 60) {
  const events: ProgressEvent[] = [];
  const signal = new AbortController().signal;
  const waiting = waitFor(which, { until, timeout, signal, progress: (event) => events.push(event) });
  return { events, result: await waiting.catch((error: unknown) => error) };
}

test('waiting until it serves ends when the step after that begins, not with its fingerprint', async () => {
  const engine = report({ phase: 'engine', step: 'engine', ms: 30_000, fingerprint: 'ab' });
  const { result } = await wait(box([...booting.slice(0, 2), engine], 'silent'), 'served');
  expect(result).toEqual(engine);
  expect((await wait(box(booting.slice(0, 2), 'silent'), 'served', 0.05)).result).toMatchObject({
    code: 'E5001',
    message: 'not there after 0.05 s; it was at serve',
  });
});

test('waiting until it serves ends too where the box asks for a disk', async () => {
  const asking = report({ phase: 'choose', step: 'choose', fingerprint: 'ab', problem: 'which disk? vda' });
  const { result } = await wait(
    box([report({ phase: 'choose', step: 'choose' }), asking], 'silent'),
    'served',
  );
  expect(result).toEqual(asking);
});

test('waiting for convergence ends when the box is ready; each step is reported with its time', async () => {
  const { result, events } = await wait(box([...booting, ready], 'silent'), 'converged');
  expect(result).toEqual(ready);
  const ends = events.flatMap((event) => (event.type === 'done' ? [[event.id, event.tookMs]] : []));
  expect(ends).toEqual([
    ['power-on', 15_000],
    ['verify', 3000],
    ['serve', 72_000],
    ['converge', 30_000],
  ]);
});

test('a box that stops says where, why and what to do', async () => {
  const failed = report({
    phase: 'failed',
    step: 'verify',
    problem: 'blob sha256:ab is damaged',
    nextAction: 'copy it again',
  });
  const { result, events } = await wait(box([failed], 'silent'), 'converged');
  expect(result).toMatchObject({
    code: 'E5003',
    hint: 'copy it again',
    message: expect.stringContaining('blob sha256:ab'),
  });
  expect(events.at(-1)).toMatchObject({ type: 'fail', id: 'verify' });
});

test('a box that takes too long', async () => {
  const { result } = await wait(box(booting, 'silent'), 'converged', 0.05);
  expect(result).toMatchObject({ code: 'E5001', message: 'not there after 0.05 s; it was at converge' });
});

test('a machine that ends', async () => {
  const { result } = await wait(box(booting, 1), 'converged');
  expect(result).toMatchObject({ code: 'E5002', message: expect.stringContaining('status 1') });
});

test('watching goes on past convergence, tells each step, and ends with the machine', async () => {
  const events: ProgressEvent[] = [];
  const signal = new AbortController().signal;
  await watch(box([...booting, ready], 0), { signal, progress: (event) => events.push(event) });
  const ends = events.flatMap((event) => (event.type === 'done' ? [event.id] : []));
  expect(ends).toEqual(['power-on', 'verify', 'serve', 'converge']);
});

describe('following a box to the end of its machine', () => {
  const installing = ['choose', 'copy', 'restart'].map((step) =>
    report({ phase: step as ConsoleLine['phase'], step }),
  );
  const follow = async (which: ReportingBox, timeout = 60) => {
    const { signal } = new AbortController();
    return await watchTo('restart', which, { timeout, signal, progress: () => {} }).catch(
      (error: unknown) => error,
    );
  };

  test('is done when it came to the step', async () => {
    expect(await follow(box(installing, 0))).toBeUndefined();
  });

  test('fails when the machine ended before, the box stopped, or it takes too long', async () => {
    expect(await follow(box(installing.slice(0, 2), 1))).toMatchObject({ code: 'E5002' });
    const stopped = report({ phase: 'failed', step: 'choose', problem: 'holds data', nextAction: 'x' });
    expect(await follow(box([stopped], 0))).toMatchObject({ code: 'E5003' });
    expect(await follow(box(installing, 'silent'), 0.05)).toMatchObject({ code: 'E5001' });
  });
});
