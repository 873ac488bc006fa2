import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { DiscoveringBox, hostAt } from '../../support/discover/box.ts';
import { inside, Lan } from '../../support/discover/lan.ts';
import { removeTree } from '../../support/remove-tree.ts';

let lan: Lan;
let root: string;
let box: DiscoveringBox;
let boxNamespace: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-discover-'));
  lan = await Lan.open('d');
  boxNamespace = await lan.host('box', '10.77.0.1');
  box = new DiscoveringBox(boxNamespace, root);
});
afterEach(async () => {
  await box.stop();
  await lan.close();
  await removeTree(root);
});

test('a host on the link is found, and `cpiab discover` shows it', async () => {
  await lan.host('nas', '10.77.0.20');
  await box.start({ mode: 'active', links: ['eth0'] });
  const inventory = await box.waitFor(
    (found) => found.looked !== null && hostAt(found, '10.77.0.20') !== undefined,
  );
  expect(hostAt(inventory, '10.77.0.20')).toMatchObject({
    id: expect.stringMatching(/^mac:(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/),
    state: 'seen',
    evidence: expect.arrayContaining(['arp']),
  });
  const text = await box.discover();
  expect(text).toContain('active, last look ');
  expect(text).toContain('10.77.0.20');
});

test('only links that the site names are looked at', async () => {
  const other = await lan.host('other', '10.77.0.20');
  const own = await lan.host('twice', '10.77.0.21');
  const card = ['link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'eth1', 'netns', own];
  await run(['ip', '-n', boxNamespace, ...card]);
  for (const [namespace, address] of [
    [boxNamespace, '10.79.0.1/24'],
    [own, '10.79.0.2/24'],
  ] as const) {
    await run(['ip', '-n', namespace, 'address', 'add', address, 'dev', 'eth1']);
    await run(['ip', '-n', namespace, 'link', 'set', 'eth1', 'up']);
  }
  await inside(
    other,
    ['nft', '-f', '-'],
    'add table arp t; add chain arp t in { type filter hook input priority 0; }; add rule arp t in counter',
  );
  await box.start({ mode: 'active', links: ['eth1'] });
  const found = await box.waitFor((inventory) => hostAt(inventory, '10.79.0.2') !== undefined);
  expect(found.links.map(({ name }) => name)).toEqual(['eth1']);
  expect(found.hosts).toHaveLength(1);
  expect(await inside(other, ['nft', 'list', 'table', 'arp', 't'])).toContain('packets 0');
});

test('a network that is too large to be swept is left out, and that is told', async () => {
  await lan.host('nas', '10.77.0.20');
  await box.start({ mode: 'active', links: ['eth0'], sweep: { most: 128 } });
  const found = await box.waitFor(({ looked }) => looked !== null);
  expect(found.links).toMatchObject([{ note: 'not swept: 10.77.0.0/24, of more than 128 addresses' }]);
  expect(hostAt(found, '10.77.0.20')).toBeUndefined();
});

test('--watch tells of a host that comes, falls silent for three looks, and comes back; SIGKILL loses none', async () => {
  const policy = { mode: 'active' as const, links: ['eth0'], everySeconds: 10, probe: [] };
  await box.start(policy);
  await box.waitFor(({ looked }) => looked !== null);
  const watched = box.watch();
  await lan.host('nas', '10.77.0.20');
  await watched.until(/appeared mac:\S+: \+ address 10\.77\.0\.20/);
  await lan.cable('nas', 'down');
  await watched.until(/not-seen mac:\S+: for 3 looks/);
  const before = await box.inventory();
  expect(hostAt(before, '10.77.0.20')?.state).toBe('not-seen');
  await watched.end();
  await box.stop('SIGKILL');
  await lan.cable('nas', 'up');
  await box.start(policy);
  const after = await box.waitFor((inventory) => hostAt(inventory, '10.77.0.20')?.state === 'seen');
  expect(hostAt(after, '10.77.0.20')?.firstSeen).toBe(hostAt(before, '10.77.0.20')?.firstSeen);
  expect(after.events.slice(0, before.events.length)).toEqual(before.events);
  expect(after.events.map(({ what }) => what)).toContain('seen-again');
});

test('who shows no certificate of the operator is not told', async () => {
  await box.start({ mode: 'passive', links: ['eth0'] });
  const refused = await inside(boxNamespace, [
    'curl',
    '-ks',
    '-w',
    '%{http_code}',
    `${box.url}/v1/inventory`,
  ]);
  expect(refused).toBe('the inventory needs the operator certificate of this site\n403');
});
