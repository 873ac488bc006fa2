import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inside } from '../../drill/netns/command.ts';
import { closeNetwork, egressCounts, openNetwork, TAP } from '../../drill/netns/network.ts';
import { beginDrill } from '../../drill/open.ts';
import { World } from '../../drill/world.ts';
import { run } from '../../host/process.ts';
import { removeTree } from '../support/remove-tree.ts';

const repository = join(import.meta.dirname, '..', '..');
let out: string;
let world: World;

beforeEach(async () => {
  out = await realpath(await mkdtemp(join(tmpdir(), 'cpiab-network-')));
  const scenario = join(repository, 'drills', 'bank-a-to-bank-b.yaml');
  const { signal } = new AbortController();
  ({ world } = await beginDrill(repository, { scenario, substrate: 'netns', out }, signal));
});
afterEach(async () => {
  await closeNetwork(world);
  await removeTree(out);
});

/** A datagram from a host, to where it may go or not. */
async function send(namespace: string, to: string): Promise<void> {
  const script = `const socket = require('node:dgram').createSocket('udp6');
    socket.send('x', 9, ${JSON.stringify(to)}, () => socket.close());`;
  await inside(namespace, [process.execPath, '-e', script]);
}

const counted = async () =>
  Object.entries(await egressCounts(world))
    .filter(([, packets]) => packets > 0)
    .map(([name]) => name);

test('what IPv6 says on the link by itself is no egress, and what leaves it is', async () => {
  await openNetwork(world, []);
  const host = world.host('a', 'web');
  const namespace = world.namespace(host);
  await inside(namespace, ['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=0']);
  await run(['ip', '-n', namespace, 'address', 'add', '2001:db8::1/64', 'dev', 'eth0', 'nodad']);
  await run(['ip', '-n', namespace, 'route', 'add', 'default', 'via', '2001:db8::2', 'dev', 'eth0']);
  await send(namespace, 'ff02::1%eth0');
  expect(await counted()).toEqual([]);
  await send(namespace, '2001:db8:1::1');
  expect(await counted()).toEqual([`a/${host.name}`]);
});

test("a virtual machine's cable begins where its packets are counted", async () => {
  world = new World(world.scenario, 'qemu', out);
  await openNetwork(world, ['198.18.0.1']);
  for (const service of ['box', 'node'] as const) {
    const namespace = world.namespace(world.host('b', service));
    const rules = await inside(namespace, ['nft', 'list', 'chain', 'netdev', 'drill', 'out']);
    expect(rules).toContain(`"${TAP}"`);
  }
  expect(await counted()).toEqual([]);
});
