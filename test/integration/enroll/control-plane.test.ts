import { describe, expect, test } from 'vitest';
import type { NodeRole } from '../../../contract/join-material.ts';
import { type EnrollBox, inventory, startBox } from '../../support/enroll/box.ts';
import { Machine, requestOf } from '../../support/enroll/machine.ts';
import { machineId } from '../../support/enroll/machine-id.ts';

const engine = { version: 'v1.36.3', highAvailability: true };
const role = 'control-plane' as const;

/** A box of a cluster that further control planes may join. */
async function boxOnDisk(enroll: object = {}): Promise<EnrollBox> {
  const box = await startBox({ site: { engine, enroll } });
  box.api.report.set({ state: 'disk' });
  return box;
}

/** What becomes of a machine that comes with an invitation. */
async function stateAfter(box: EnrollBox, asked: NodeRole): Promise<string | undefined> {
  const machine = await Machine.make(box);
  const { parsed } = await box.invite({ role: asked });
  await machine.post('/v1/enroll', requestOf(machine, parsed, { role: asked, inventory }));
  return (await box.nodes())[0]?.state;
}

describe('a control plane is let in', () => {
  test('by a person, where a rule of the site lets the machine in as an agent', async () => {
    const autoApprove = [{ machineIds: [machineId] }];
    expect(await stateAfter(await boxOnDisk({ autoApprove }), role)).toBe('pending');
    expect(await stateAfter(await boxOnDisk({ autoApprove }), 'agent')).toBe('joined');
  });

  test('at once by a rule that says so, which is for no agent then', async () => {
    const autoApprove = [{ machineIds: [machineId], roles: [role] }];
    expect(await stateAfter(await boxOnDisk({ autoApprove }), role)).toBe('joined');
    expect(await stateAfter(await boxOnDisk({ autoApprove }), 'agent')).toBe('pending');
  });

  test('with an invitation for one only', async () => {
    const box = await boxOnDisk();
    const machine = await Machine.make(box);
    const { parsed } = await box.invite();
    const answer = await machine.post('/v1/enroll', requestOf(machine, parsed, { role }));
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'CPIAB-E2501']);
  });
});

describe('a box refuses control planes', () => {
  test.each([
    ['of a site that wants one server', { version: 'v1.36.3' }, 'disk', 'highAvailability'],
    ['with its own state in memory', engine, 'memory', 'in memory'],
  ] as const)('%s: the invitation, and who comes without one', async (_, ofSite, state, why) => {
    const box = await startBox({ site: { engine: ofSite } });
    box.api.report.set({ state });
    const machine = await Machine.make(box);
    for (const { status, text } of [
      await box.post('/v1/invitations', { role }),
      await machine.post('/v1/enroll', requestOf(machine, null, { role })),
    ])
      expect([status, JSON.parse(text)]).toMatchObject([
        409,
        { code: 'CPIAB-E5513', message: expect.stringContaining(why) },
      ]);
    expect(await box.nodes()).toEqual([]);
  });
});

test('who was a control plane keeps the keys of the authorities: a revocation says so', async () => {
  const box = await boxOnDisk({ autoApprove: [{ machineIds: [machineId], roles: [role] }] });
  const material = { apiVersion: 'cpiab.dev/v1', kind: 'JoinMaterial', taints: [] };
  const given: string[] = [];
  const mintJoinToken = async (node: { role: string }) => {
    given.push(node.role);
    return material;
  };
  box.api.board.put('kube', {} as never);
  box.api.board.put('engine', { mintJoinToken, revoke: async () => {} } as never);
  const machine = await Machine.make(box);
  const { parsed } = await box.invite({ role });
  const request = requestOf(machine, parsed, { role, inventory });
  const grant = JSON.parse((await machine.post('/v1/enroll', request)).text);
  const node = new Machine(box, machine.key, `${grant.certificate}${grant.chain}`);
  expect((await node.ask('/v1/join-material')).status).toBe(200);
  expect(given).toEqual([role]);
  const told = JSON.parse((await node.ask('/v1/membership')).text);
  expect([told.servers, told.peers]).toEqual([['10.44.0.1', '127.0.0.1'], ['127.0.0.1']]);
  const revoked = JSON.parse((await box.post(`/v1/nodes/${grant.id}/revoke`)).text);
  expect(revoked.stillValid.at(-1)?.what).toContain("keys of the cluster's authorities");
});
