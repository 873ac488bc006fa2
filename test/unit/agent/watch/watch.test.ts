import { expect, test } from 'vitest';
import { BoxReport } from '../../../../agent/report/report.ts';
import { type Watch, watchAlways } from '../../../../agent/watch/watch.ts';

const problem = (text: string) => ({ problem: text, nextAction: `mend ${text}` });

/** Runs rounds of looks, one a millisecond, until told. */
async function looked(
  watches: Record<string, Watch>,
  report: BoxReport,
  until: () => boolean,
): Promise<object[]> {
  const [stop, log] = [new AbortController(), [] as object[]];
  const journal = (_level: string, entry: object) => void log.push(entry);
  const running = watchAlways(watches, { report, journal }, 1, stop.signal);
  await expect.poll(until).toBe(true);
  stop.abort();
  await expect(running).rejects.toThrow('abort');
  return log;
}

test('what is wrong with the machine stands before what a step says, until it is gone', async () => {
  const report = new BoxReport(['verify', 'engine'], () => 0, 'lab');
  report.failed('engine', problem('etcd'), false);
  let disk: ReturnType<typeof problem> | null = problem('disk');
  const watches = { disk: async () => disk, clock: async () => problem('clock') };
  await looked(watches, report, () => report.snapshot().problem === 'disk');
  expect(report.snapshot().nextAction).toBe('mend disk');
  disk = null;
  await looked(watches, report, () => report.snapshot().problem === 'clock');
  await looked({ clock: async () => null }, report, () => report.snapshot().problem === 'etcd');
});

test('a look that fails hides no other, and is logged', async () => {
  const report = new BoxReport(['verify'], () => 0, 'lab');
  const broken: Watch = () => Promise.reject(new Error('no nft'));
  const watches = { broken, disk: async () => problem('disk') };
  const log = await looked(watches, report, () => report.snapshot().problem === 'disk');
  expect(log[0]).toEqual({ watch: 'broken', failed: 'no nft' });
});
