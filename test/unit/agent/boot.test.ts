import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Board } from '../../../agent/board.ts';
import { boot } from '../../../agent/boot.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import type { Step } from '../../../agent/step.ts';
import { CpiabError } from '../../../contract/errors.ts';
import { parseBoxSite } from '../../../contract/site.ts';
import { BoxStatusSchema } from '../../../contract/status.ts';

const site = parseBoxSite({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});

function start(steps: Step[], signal = new AbortController().signal) {
  let ms = 0;
  const report = new BoxReport(
    steps.map(({ name }) => name),
    () => (ms += 10),
    'lab',
  );
  const pauses: number[] = [];
  const pause = async (length: number) => {
    pauses.push(length);
    signal.throwIfAborted();
    await sleep(0);
  };
  const board = new Board(site, report, () => {});
  return { board, report, done: boot(steps, board, pause, signal), pauses };
}

const step = (name: Step['name'], run: Step['run'] = async () => `${name} is done`): Step => ({
  name,
  does: '',
  run,
});

describe('boot', () => {
  test('runs the steps in order and ends ready, with times and evidence', async () => {
    const order: string[] = [];
    const names = ['verify', 'serve', 'engine'] as const;
    const { report, done } = start(
      names.map((name) =>
        step(name, async () => {
          order.push(name);
          return `${name} is done`;
        }),
      ),
    );
    expect(await done).toBe(true);
    expect(order).toEqual(names);
    const status = BoxStatusSchema.parse(report.snapshot());
    expect(status.phase).toBe('ready');
    expect(status.steps.map(({ state, detail }) => [state, detail])).toEqual(
      names.map((name) => ['done', `${name} is done`]),
    );
    expect(status.steps[1]?.startedMs).toBeGreaterThan(status.steps[0]?.startedMs ?? 0);
  });

  test('early work of a step begins at once, and its turn waits for it', async () => {
    const order: string[] = [];
    const verified = Promise.withResolvers<void>();
    const { done } = start([
      step('verify', async () => {
        await sleep(10);
        order.push('verify');
        verified.resolve();
        return '';
      }),
      {
        ...step('serve', async () => {
          order.push('serve');
          return '';
        }),
        early: async () => {
          order.push('early');
          await verified.promise;
          await sleep(20);
          order.push('early done');
        },
      },
    ]);
    await done;
    expect(order).toEqual(['early', 'verify', 'early done', 'serve']);
  });

  test('a bundle that is not verified is final: nothing is tried again, nothing after it runs', async () => {
    let runs = 0;
    let later = false;
    const { report, done } = start([
      step('verify', async () => {
        runs++;
        throw new CpiabError('E2103', { subject: 'sha256:x' });
      }),
      step('serve', async () => {
        later = true;
        return '';
      }),
    ]);
    expect(await done).toBe(false);
    expect({ runs, later }).toEqual({ runs: 1, later: false });
    expect(report.snapshot()).toMatchObject({
      phase: 'failed',
      problem: 'sha256:x: the content does not match its digest',
      nextAction: expect.stringContaining('copy it again'),
    });
  });

  test('any other failure is tried again, with its early work, and the problem goes when it passes', async () => {
    const seen: unknown[] = [];
    const advice = new Set<unknown>();
    let begun = 0;
    const { report, done, pauses } = start([
      {
        ...step('engine', async () => {
          seen.push(report.snapshot().problem);
          advice.add(report.snapshot().nextAction);
          if (seen.length < 3) throw new Error('kubeadm broke');
          return 'at last';
        }),
        early: async () => {
          begun++;
        },
      },
    ]);
    expect(await done).toBe(true);
    expect(begun).toBe(3);
    expect(seen).toEqual([null, 'engine: kubeadm broke', 'engine: kubeadm broke']);
    expect([...advice]).toEqual([null, new CpiabError('E5101', { subject: '', args: [''] }).hint]);
    expect(pauses).toEqual([2000, 4000]);
    expect(report.snapshot()).toMatchObject({ phase: 'ready', problem: null });
  });

  test('after seven failures the phase says so, while the box goes on trying', async () => {
    const phases: string[] = [];
    const { report, done } = start([
      step('engine', async () => {
        phases.push(report.snapshot().phase);
        if (phases.length < 9) throw new Error('no');
        return 'after all';
      }),
    ]);
    expect(await done).toBe(true);
    expect(phases).toEqual([...Array(7).fill('engine'), 'failed', 'failed']);
    expect(report.snapshot().phase).toBe('ready');
  });

  test('an abort while it waits to try again ends it', async () => {
    const stop = new AbortController();
    const failing = step('engine', async () => {
      setImmediate(() => stop.abort());
      throw new Error('no');
    });
    await expect(start([failing], stop.signal).done).rejects.toThrow(/abort/i);
  });
});

test('what stays wrong is told again when the steps have no problem of their own', async () => {
  const seen: unknown[] = [];
  const { report, done } = start([
    step('verify', async () => {
      report.lasting('audit', { problem: 'the audit log cannot be written', nextAction: 'x', code: 'C' });
      return '';
    }),
    step('engine', async () => {
      seen.push(report.snapshot().problem);
      if (seen.length === 1) throw new Error('kubeadm broke');
      return '';
    }),
  ]);
  await done;
  expect(seen).toEqual(['the audit log cannot be written', 'engine: kubeadm broke']);
  expect({ ...report.snapshot(), code: report.code }).toMatchObject({
    ...{ phase: 'ready', problem: 'the audit log cannot be written', nextAction: 'x', code: 'C' },
  });
  report.warn({ problem: 'the cluster cannot be observed', nextAction: 'y' });
  report.warn(null);
  expect(report.snapshot().problem).toBe('the audit log cannot be written');
  report.lasting('audit', null);
  expect(report.snapshot().problem).toBeNull();
});

describe('Board', () => {
  test('who waits for a fact gets it when it is put up, who comes later at once', async () => {
    const { board } = start([]);
    const waiting = board.when('manifest');
    expect(board.peek('manifest')).toBeUndefined();
    expect(() => board.get('manifest')).toThrow(/manifest/);
    board.put('manifest', { site: 'lab' } as never);
    expect(await waiting).toBe(await board.when('manifest'));
  });
});

describe('the moments of a boot', () => {
  const marked = (mark: (report: BoxReport) => void) => {
    const report = new BoxReport(['verify'], () => 60_000, 'lab');
    mark(report);
    return BoxStatusSchema.parse(report.snapshot()).marks;
  };

  test('are kept once, the earliest first, also when one is told late', () => {
    const marks = marked((report) => {
      report.mark('api-server', 5000);
      report.mark('agent', 45_000);
      report.mark('api-server');
    });
    expect(marks).toEqual([
      { name: 'agent', atMs: 15_000 },
      { name: 'api-server', atMs: 55_000 },
    ]);
  });

  test('are of this boot: what was up before power-on counts from its first sight', () => {
    expect(marked((report) => report.mark('node', 90_000))).toEqual([{ name: 'node', atMs: 60_000 }]);
    expect(marked((report) => report.mark('node', -90_000))).toEqual([{ name: 'node', atMs: 60_000 }]);
  });
});
