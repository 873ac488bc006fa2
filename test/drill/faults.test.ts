import { expect, test } from 'vitest';
import { TestDrill } from '../support/drill.ts';

const atA = { bank: 'a', balanced: true, missingPayments: [], missingStatements: [], missingFiles: [] };

test("bank B's share takes no writes, and a workload asked for something outside: back to bank A, and both are named", async () => {
  const drill = await TestDrill.make(
    [
      { fault: 'egress', at: 'assess.inventory', bank: 'b', part: 'web' },
      { fault: 'read-only-share', at: 'move.files', bank: 'b' },
    ],
    { cutOverSeconds: 10 },
  );
  const { status, stderr } = await drill.run();
  expect(status).toBe(1);
  expect(stderr).toMatch(/CPIAB-E5701 move\.files: .*Read-only file system.*bank A takes writes again/s);
  const report = await drill.report();
  expect(report).toMatchObject({ outcome: 'rolled-back', verdict: 'failed', kept: atA });
  expect(report.stopped?.why).toMatch(/bank b has not all files of bank a .*Read-only file system/s);
  expect(report.egress?.['b/web']).toBeGreaterThan(0);
  expect(report.limits.filter(({ result }) => result === 'fail').map(({ limit }) => limit)).toContain(
    'egress packets of b/web',
  );
  expect(report.faults.map(({ injected }) => typeof injected)).toEqual(['number', 'number']);
});
