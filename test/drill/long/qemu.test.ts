import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keysDirectory } from '../../../builder/bundle/keys.ts';
import type { BackupManifest } from '../../../contract/backup.ts';
import { buildLab } from '../../boot/support/lab.ts';
import { TestDrill } from '../../support/drill.ts';

/** Emulated machines take minutes for what takes real ones seconds. */
const patient = { rtoSeconds: 900, failedPercent: 95, cutOverSeconds: 600 };

test('boxes that have started from the medium: the cluster moves as a cargo, a machine joins it, and nothing is lost', async () => {
  await buildLab();
  const drill = await TestDrill.make([], patient);
  // The medium names the operators of this machine's keys.
  await symlink(join(keysDirectory('lab'), '../../..'), join(drill.directory, 'config'));
  const { status, stderr } = await drill.run('--substrate', 'qemu');
  process.stderr.write(stderr);
  expect(status).toBe(0);
  const report = await drill.report();
  expect(report).toMatchObject({ substrate: 'qemu', outcome: 'moved', verdict: 'passed', stopped: null });
  expect(report.limits.filter(({ result }) => result !== 'pass')).toEqual([]);
  const found = (step: string) => report.steps.find((one) => one.step === step)?.result as object;
  const { members } = found('seal.cargo') as Pick<BackupManifest, 'members'>;
  expect(members.find(({ name }) => name === 'etcd.snapshot')?.size).toBeGreaterThan(1 << 20);
  expect(found('land.box')).toMatchObject({ cluster: { convergedMs: expect.any(Number) } });
  expect(found('spread.join')).toMatchObject({
    nodes: expect.arrayContaining([{ id: expect.any(String), name: 'b-teller', seen: [] }]),
  });
  expect(Object.keys(report.egress ?? {})).toEqual(expect.arrayContaining(['a/box', 'b/box', 'b/teller']));
});
