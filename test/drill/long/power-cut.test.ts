import { expect, test } from 'vitest';
import type { Fault } from '../../../contract/drill/scenario.ts';
import type { StepName } from '../../../contract/drill/steps.ts';
import { TestDrill } from '../../support/drill.ts';

const cut = (bank: 'a' | 'b', at: Exclude<StepName, 'prepare.banks'>, afterMs: number): Fault => ({
  fault: 'power-cut',
  at,
  bank,
  afterMs,
});
/** When the step is done, and not yet written down. */
const DONE = 60_000;

test('a drill goes on when either bank loses its power in every phase, with what was on the disks', async () => {
  const faults = [
    cut('a', 'prepare.services', 2000),
    cut('b', 'assess.inventory', 500),
    cut('a', 'seal.cargo', 300),
    cut('b', 'ship.carry', DONE),
    cut('b', 'land.unpack', DONE),
    cut('b', 'land.box', 1500),
    cut('b', 'spread.join', 4000),
    cut('b', 'move.replicate', 700),
    cut('a', 'move.fence', 300),
    cut('b', 'move.catch-up', DONE),
    cut('b', 'move.promote', 300),
    cut('a', 'move.redirect', 200),
    cut('b', 'settle.writes', DONE),
    cut('a', 'close.measure', 100),
  ];
  const drill = await TestDrill.make(faults, { rtoSeconds: 900, failedPercent: 99, cutOverSeconds: 300 });
  const { status, stderr } = await drill.run();
  if (status !== 0) throw new Error(stderr);
  const report = await drill.report();
  expect(report.faults.filter(({ injected }) => injected === null)).toEqual([]);
  expect(report).toMatchObject({ outcome: 'moved', verdict: 'passed', kept: { bank: 'b', balanced: true } });
  expect(report.workload.map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
  expect(report.writers?.overlapMs).toBeLessThan(0);
  expect((await drill.cpiab('verify', drill.out, '--key', drill.publicKey)).stdout).toMatch(/passed, moved/);
});
