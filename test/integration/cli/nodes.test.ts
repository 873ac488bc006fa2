import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshPath, startBox } from '../../support/enroll/box.ts';
import { operatorOf } from '../../support/operator-cli.ts';

test('a node is invited, approved, listed, renewed, rotated under and revoked from the command line', async () => {
  const box = await startBox();
  const { cpiab, ask, directory } = await operatorOf(box);
  const invitation = (await ask('invite', '--name', 'worker-1')).stdout.trim();
  expect(invitation).toMatch(/^cpiab1\.127\.0\.0\.1:\d+\./);
  const own = join(directory, 'node');
  const joining = cpiab('join', invitation, '--name', 'worker-1', '--directory', own);
  let listed = '';
  while (!listed.includes('pending')) listed = (await ask('nodes')).stdout;
  expect(listed).toMatch(/^id +name +role +state +key/);
  const wrong = await ask('approve', 'worker-1', '--key', 'ffff');
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining('CPIAB-E5503')]);
  expect((await ask('approve', 'worker-1', '--reason', 'rack 4')).stdout).toContain('worker-1 may join');
  const joined = await joining;
  expect(joined.status).toBe(0);
  expect(joined.stdout).toContain('It is no node of the cluster: docs/operate/nodes.md says how');
  expect((await cpiab('renew', '--directory', own, '--if-due')).stdout).toContain('not due yet');
  expect((await ask('rotate')).stdout).toContain('issuing authority now');
  expect((await cpiab('renew', '--directory', own)).stdout).toContain('renewed, good until');
  const revoked = await ask('revoke', 'worker-1', '--reason', 'stolen');
  expect(revoked.stdout).toContain('still good by its signature');
  expect((await cpiab('renew', '--directory', own)).status).toBe(1);
  expect((await ask('deny', 'worker-1')).stderr).toContain('CPIAB-E5505');
  expect((await ask('remove', 'worker-1')).stdout).toContain('worker-1 is removed');
}, 120_000);

test('what is no invitation, and a machine without an identity, are told so', async () => {
  const directory = await freshPath();
  const { cpiab } = await operatorOf(await startBox());
  const bad = await cpiab('join', 'https://10.0.0.7:7443', '--directory', directory);
  expect([bad.status, bad.stderr]).toEqual([2, expect.stringContaining('CPIAB-E1501')]);
  const none = await cpiab('renew', '--directory', directory);
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('CPIAB-E1502')]);
});

test('a name means the node that has it, not one that had it before', async () => {
  const box = await startBox();
  const { ask } = await operatorOf(box);
  const { member: before } = await box.member('worker-1');
  expect((await ask('remove', 'worker-1', '--no-drain')).stdout).toContain('worker-1 is removed');
  const { member: now } = await box.member('worker-1');
  expect((await ask('revoke', 'worker-1')).stdout).toContain('worker-1 is revoked');
  expect((await box.nodes()).map(({ id, state }) => [id, state])).toEqual(
    expect.arrayContaining([
      [before.grant.id, 'removed'],
      [now.grant.id, 'revoked'],
    ]),
  );
  const several = await ask('revoke', 'worker-1');
  expect([several.status, several.stderr]).toEqual([
    1,
    expect.stringContaining('of which there are several'),
  ]);
});
