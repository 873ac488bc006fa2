import { expect, test } from 'vitest';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { joinTwo, talkBetween } from '../support/two-machines.ts';
import { buildSite } from '../support/versions.ts';

const path = freshDirectory();

test('with WireGuard the pods of two nodes talk, and the wire between these carries nothing of it that can be read', async () => {
  const iso = await buildSite(path(), 'wireguard', 'network: { podNetwork: wireguard }', 'iso');
  const both = await joinTwo(iso, path);
  const { podNetwork } = await talkBetween(both, path);
  expect(podNetwork).toMatchObject({ backend: 'wireguard', nodes: 1, problem: '' });
  expect((await both.node.status()).podNetwork).toMatchObject({
    backend: 'wireguard',
    nodes: 1,
    problem: '',
  });
  const { seen } = both.tap;
  // An answer is sent to a handshake only by who has the key that the Node tells, and data only after it.
  expect(seen['handshake initiation']).toBeGreaterThan(0);
  expect(seen['handshake response']).toBeGreaterThan(0);
  expect(seen.encrypted).toBeGreaterThan(0);
  expect([seen.vxlan, seen['in the clear']]).toEqual([0, 0]);
});
