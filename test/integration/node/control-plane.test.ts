import { expect, test } from 'vitest';
import { expectAddress, expectDisk } from '../../../agent/node/control-plane.ts';
import type { Joining } from '../../../agent/node/joining.ts';
import { BoxReport } from '../../../agent/report/report.ts';
import { freshStore } from '../../support/enroll/box.ts';

const joining = async (role: Joining['role']): Promise<Joining> => ({
  ...{ name: 'server-2', role, guest: false, store: await freshStore() },
  invitation: { box: '10.0.0.7:7443', pin: '', id: '', secret: '' },
});
const reportOf = (state: 'disk' | 'memory') => {
  const report = new BoxReport(['enroll'], () => 0, 'lab');
  report.set({ state });
  return { report };
};

test('a control plane needs a disk, an agent does not', async () => {
  const [server, agent] = [await joining('control-plane'), await joining('agent')];
  expect(() => expectDisk(reportOf('memory'), server)).toThrow(
    expect.objectContaining({ code: 'E5514', exit: 1, message: expect.stringContaining('in memory') }),
  );
  for (const [state, one] of [
    ['disk', server],
    ['memory', agent],
  ] as const)
    expect(() => expectDisk(reportOf(state), one)).not.toThrow();
});

test('the address that etcd knows a control plane by stays, an agent may get another', async () => {
  const server = await joining('control-plane');
  await expectAddress(server, '10.0.0.9');
  const cluster = { servers: ['10.44.0.1'], registries: [], peers: [], members: [] };
  await server.store.key();
  await server.store.keepCluster({ ...cluster, address: '10.0.0.9' });
  await expectAddress(server, '10.0.0.9');
  await expect(expectAddress(server, '10.0.0.8')).rejects.toMatchObject({
    code: 'E5514',
    message: expect.stringContaining('joined at 10.0.0.9, and is at 10.0.0.8 now'),
  });
  await server.store.keepCluster({ ...cluster, address: null });
  await expectAddress(server, '10.0.0.8');
});
