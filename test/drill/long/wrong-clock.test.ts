import { expect, test } from 'vitest';
import { TestDrill } from '../../support/drill.ts';

const atA = { bank: 'a', balanced: true, missingPayments: [], missingStatements: [], missingFiles: [] };

test.each([
  ['a', 'seal.cargo', 3000, 'ship.carry', /was sealed at 20\d\d-.*, but the clock says 2/],
  ['b', 'ship.carry', 3000, 'ship.carry', /expired at 2.*; the clock says 20\d\d/],
  ['b', 'spread.join', 3000, 'spread.join', /bank b's box answers .* with 40[13]/],
] as const)(
  'a clock in bank %s that is wrong from %s on, by %i days: refused at %s, back to bank A',
  async (bank, at, days, step, why) => {
    const drill = await TestDrill.make([{ fault: 'wrong-clock', at, bank, days, seconds: 120 }]);
    const { status, stderr } = await drill.run();
    expect(status).toBe(1);
    expect(stderr).toMatch(/CPIAB-E5701/);
    const report = await drill.report();
    expect(report).toMatchObject({ outcome: 'rolled-back', stopped: { step }, kept: atA });
    expect(report.stopped?.why).toMatch(why);
  },
);

test('an approval that a wrong clock has ended is asked for again; the drill moves when the clock is right', async () => {
  const drill = await TestDrill.make(
    [{ fault: 'wrong-clock', at: 'move.fence', bank: 'b', days: 3000, seconds: 5 }],
    { rtoSeconds: 900, failedPercent: 95, cutOverSeconds: 300 },
  );
  const { status, stderr } = await drill.run();
  if (status !== 0) throw new Error(stderr);
  const report = await drill.report();
  expect(report).toMatchObject({ outcome: 'moved', verdict: 'passed', kept: { bank: 'b', balanced: true } });
  expect(report.steps.find(({ step }) => step === 'move.approve')?.result).toMatchObject({
    refusedBefore: expect.stringMatching(/^it was good until 2/),
  });
});
