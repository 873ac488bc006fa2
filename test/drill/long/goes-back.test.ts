import { expect, test } from 'vitest';
import { cable } from '../../../drill/netns/network.ts';
import { readDrill } from '../../../drill/open.ts';
import { TestDrill } from '../../support/drill.ts';

test('a full disk in bank B takes the drill back to bank A, with nothing lost', async () => {
  const drill = await TestDrill.make([
    { fault: 'full-disk', at: 'move.replicate', bank: 'b', megabytes: 16 },
  ]);
  const { status, stderr } = await drill.run();
  expect(status).toBe(1);
  expect(stderr).toMatch(/CPIAB-E5701 move\.replicate: .*No space left on device/s);
  expect(await drill.report()).toMatchObject({
    ...{ outcome: 'rolled-back', verdict: 'failed', stopped: { step: 'move.replicate' } },
    kept: { bank: 'a', balanced: true, missingPayments: [], missingStatements: [], missingFiles: [] },
  });
  expect((await drill.cpiab('verify', drill.out, '--key', drill.publicKey)).stdout).toMatch(/rolled-back/);
});

test('banks that are split for too long during the cut-over: writes go back to bank A, also when the drill is killed meanwhile', async () => {
  const drill = await TestDrill.make(
    [
      { fault: 'split', at: 'move.fence', seconds: 60 },
      { fault: 'kill', at: 'move.fence', when: 'after' },
      { fault: 'split', at: 'move.catch-up', seconds: 60 },
    ],
    { cutOverSeconds: 5 },
  );
  const { status, stderr } = await drill.run();
  expect(status).toBe(1);
  expect(stderr).toMatch(/CPIAB-E5701 move\.catch-up: .*bank A takes writes again/s);
  expect(drill.killed).toBe(1);
  expect(await drill.report()).toMatchObject({
    ...{ outcome: 'rolled-back', stopped: { step: 'move.catch-up' } },
    kept: { bank: 'a', balanced: true, missingPayments: [], missingStatements: [], missingFiles: [] },
  });
});

test('a workload that asks for something outside fails the drill, which names it; writes go back when the banks reach one another', async () => {
  const drill = await TestDrill.make([{ fault: 'egress', at: 'move.files', bank: 'b', part: 'web' }], {
    cutOverSeconds: 20,
  });
  const { status, stderr } = await drill.run('--keep');
  expect(status).toBe(1);
  expect(stderr).toMatch(/CPIAB-E5703 bank-a-to-bank-b: .*egress packets of b\/web/s);
  const report = await drill.report();
  expect(report).toMatchObject({ outcome: 'moved', verdict: 'failed' });
  expect(report.egress?.['b/web']).toBeGreaterThan(0);
  const { world } = await readDrill(drill.out);
  await cable(world, 'down');
  const refused = await drill.cpiab('rollback', drill.out).catch((error: unknown) => error);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('CPIAB-E5702 move.') });
  await cable(world, 'up');
  await drill.cpiab('rollback', drill.out);
  expect(await drill.report()).toMatchObject({
    ...{ outcome: 'rolled-back', verdict: 'failed' },
    kept: { bank: 'a', balanced: true, missingPayments: [], missingStatements: [], missingFiles: [] },
  });
});
