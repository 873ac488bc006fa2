import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { namespacesOf } from '../../drill/netns/network.ts';
import { readDrill } from '../../drill/open.ts';
import { TestDrill } from '../support/drill.ts';

test('a database that moves by dump, and a tree of files: killed between dump and promotion, it moves and loses nothing', async () => {
  const drill = await TestDrill.make(
    [
      { fault: 'kill', at: 'move.catch-up', when: 'after' },
      { fault: 'kill', at: 'move.promote', when: 'after' },
    ],
    { rtoSeconds: 900, failedPercent: 95, cutOverSeconds: 300 },
    'homelab-move',
  );
  const { status, stderr } = await drill.run('--keep');
  if (status !== 0) throw new Error(stderr);
  expect(drill.killed).toBe(2);
  const report = await drill.report();
  expect(report).toMatchObject({ outcome: 'moved', verdict: 'passed', kept: { bank: 'b', balanced: true } });
  expect(report.workload.map(({ lost }) => lost)).toEqual([0, 0, 0, 0]);
  expect(report.writers?.overlapMs).toBeLessThan(0);
  const found = (step: string) => report.steps.find((one) => one.step === step)?.result;
  expect(found('move.catch-up')).toMatchObject({
    ...{
      bytes: expect.any(Number),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      dumpMs: expect.any(Number),
    },
    ledger: { balanced: true },
  });
  // 30 files in folders were there before, and each statement is one.
  expect(report.kept?.files).toBeGreaterThan(30);
  // As a process leaves it that was killed while it took the banks away.
  const { world } = await readDrill(drill.out);
  await rm(world.work, { recursive: true });
  expect(await drill.run()).toMatchObject({ status: 0 });
  expect(await namespacesOf(world)).toEqual([]);
  expect((await drill.cpiab('verify', drill.out, '--key', drill.publicKey)).stdout).toMatch(/passed, moved/);
});
