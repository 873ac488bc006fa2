import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { podNetworkStatus } from '../../../../agent/observe/pod-network.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const path = freshDirectory();
const said = {
  backend: 'vxlan',
  nodes: 2,
  policies: 3,
  isolatedPods: 4,
  denied: { ingress: 5, egress: 6 },
  problem: '',
};

test('a network that has not begun says nothing', async () => {
  expect(await podNetworkStatus(path('status.json'))).toBeNull();
});

test('what the network says is read', async () => {
  await writeFile(path('status.json'), JSON.stringify(said));
  expect(await podNetworkStatus(path('status.json'))).toEqual(said);
});

test('what it does not say so is a failure, not a network without policies', async () => {
  await writeFile(path('status.json'), JSON.stringify({ ...said, policies: undefined }));
  await expect(podNetworkStatus(path('status.json'))).rejects.toThrow('policies');
});
