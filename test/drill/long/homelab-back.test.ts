import { expect, test } from 'vitest';
import { cable } from '../../../drill/netns/network.ts';
import { readDrill } from '../../../drill/open.ts';
import { TestDrill } from '../../support/drill.ts';

const patient = { rtoSeconds: 900, failedPercent: 95, cutOverSeconds: 300 };
const nothingLost = {
  kept: { bank: 'a', balanced: true, missingPayments: [], missingStatements: [], missingFiles: [] },
};

test('a database that moved by dump comes back by dump, with all that bank B took', async () => {
  const drill = await TestDrill.make([], patient, 'homelab-move');
  const { status, stderr } = await drill.run('--keep');
  if (status !== 0) throw new Error(stderr);
  const moved = await drill.report();
  expect(moved.kept).toMatchObject({ bank: 'b' });
  await drill.cpiab('rollback', drill.out);
  const back = await drill.report();
  expect(back).toMatchObject({ outcome: 'rolled-back', verdict: 'failed', ...nothingLost });
  expect(back.kept?.acknowledged).toBe(moved.kept?.acknowledged);
});

test('a cable that stays cut while the database is dumped: bank A takes writes again', async () => {
  const drill = await TestDrill.make(
    [{ fault: 'split', at: 'move.catch-up', seconds: 120 }],
    { cutOverSeconds: 15 },
    'homelab-move',
  );
  const { status, stderr } = await drill.run('--keep');
  expect(status).toBe(1);
  expect(stderr).toMatch(/CPIAB-E5701 move\.catch-up: .*bank A takes writes again/s);
  expect(await drill.report()).toMatchObject({ outcome: 'rolled-back', ...nothingLost });
  const { world } = await readDrill(drill.out);
  await cable(world, 'up');
});
