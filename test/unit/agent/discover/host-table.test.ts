import { expect, test } from 'vitest';
import { HostTable } from '../../../../agent/discover/host-table.ts';
import type { Sighting } from '../../../../agent/discover/sighting.ts';
import type { Service } from '../../../../contract/inventory.ts';

const mac = '02:00:00:00:00:07';
const arp: Sighting = {
  ...{ link: 'eth0', address: '10.0.0.7', mac, names: [], services: [], evidence: 'arp' },
};
const ssh: Service = {
  ...{ name: 'ssh', protocol: 'tcp', port: 22, detail: '' },
  ...{ source: 'mdns', confidence: 'claimed' },
};
const mdns: Sighting = { ...arp, mac: null, names: ['nas'], services: [ssh], evidence: 'mdns' };
const links = new Set(['eth0']);
const time = (minute: number) => new Date(minute * 60_000).toISOString();
const whats = (table: HostTable) => table.events.map(({ what }) => what);

test('a host appears once, changes when something new is known, and says what', () => {
  const table = new HostTable();
  table.see(arp, time(0));
  table.see(arp, time(1));
  table.see(mdns, time(2));
  expect(table.events).toEqual([
    { time: time(0), what: 'appeared', host: `mac:${mac}`, detail: '+ address 10.0.0.7' },
    { time: time(2), what: 'changed', host: `mac:${mac}`, detail: '+ name nas, + service mdns ssh/tcp/22' },
  ]);
  expect(table.hosts).toMatchObject([
    { firstSeen: time(0), lastSeen: time(2), evidence: ['arp', 'mdns'], names: ['nas'], state: 'seen' },
  ]);
});

test('a host is the same when its hardware address becomes known later, also by IPv6', () => {
  const table = new HostTable();
  table.see(mdns, time(0));
  table.see({ ...mdns, address: 'fe80::7', services: [] }, time(0));
  expect(table.hosts.map(({ id }) => id)).toEqual(['address:10.0.0.7', 'address:fe80::7%eth0']);
  table.see(arp, time(1));
  table.see({ ...arp, address: 'fe80::7', evidence: 'ndp' }, time(1));
  expect(table.hosts).toMatchObject([
    { id: `mac:${mac}`, addresses: ['10.0.0.7', 'fe80::7'], services: [ssh], firstSeen: time(0) },
  ]);
});

test('an address that another card answers for now belongs to that one', () => {
  const table = new HostTable();
  table.see(arp, time(0));
  table.see({ ...arp, mac: '02:00:00:00:00:99' }, time(1));
  table.see(mdns, time(2));
  expect(table.hosts.map(({ id, names }) => [id, names])).toEqual([
    [`mac:${mac}`, []],
    ['mac:02:00:00:00:00:99', ['nas']],
  ]);
});

test('two silent looks change nothing, three make a host not seen, and a sign brings it back', () => {
  const table = new HostTable();
  table.see(arp, time(0));
  const look = (minute: number) => table.endLook(3, links, time(minute));
  look(1);
  look(2);
  table.see(arp, time(3));
  look(3);
  look(4);
  expect(whats(table)).toEqual(['appeared']);
  look(5);
  look(6);
  look(7);
  expect(whats(table)).toEqual(['appeared', 'not-seen']);
  expect(table.hosts).toMatchObject([{ state: 'not-seen', lastSeen: time(3) }]);
  table.see(arp, time(8));
  expect([whats(table).at(-1), table.hosts[0]?.state]).toEqual(['seen-again', 'seen']);
});

test('a host that falls silent keeps what was known of it', () => {
  const table = new HostTable();
  table.see({ ...arp, address: 'fe80::7', evidence: 'ndp' }, time(0));
  table.see(arp, time(0));
  table.see(mdns, time(0));
  for (let look = 1; look < 9; look += 1) table.endLook(3, links, time(look));
  expect(table.hosts).toMatchObject([
    { state: 'not-seen', addresses: ['10.0.0.7', 'fe80::7'], names: ['nas'], services: [ssh] },
  ]);
});

test('a host on a link that is down is not held against it', () => {
  const table = new HostTable();
  table.see(arp, time(0));
  for (let look = 1; look < 9; look += 1) table.endLook(3, new Set(['eth1']), time(look));
  expect(table.hosts[0]?.state).toBe('seen');
});

test('a name and a service that are not told any more are forgotten one by one, the host stays', () => {
  const table = new HostTable();
  table.see(arp, time(0));
  table.see(mdns, time(0));
  for (let look = 1; look <= 3; look += 1) {
    table.see(arp, time(look));
    table.endLook(3, links, time(look));
  }
  expect(table.hosts).toMatchObject([{ state: 'seen', names: [], services: [], addresses: ['10.0.0.7'] }]);
  expect(table.events.at(-1)?.detail).toBe('− name nas, − service mdns ssh/tcp/22');
});

test('what a probe found goes only when another probe does not find it twice', () => {
  const table = new HostTable();
  table.see(arp, time(0));
  const probed: Service = { ...ssh, source: 'probe', confidence: 'recognised' };
  table.probed(`mac:${mac}`, '10.0.0.7', [probed], 2, time(0));
  for (let look = 1; look <= 5; look += 1) {
    table.see(arp, time(look));
    table.endLook(3, links, time(look));
  }
  table.probed(`mac:${mac}`, '10.0.0.7', [], 2, time(6));
  expect(table.hosts[0]?.services).toEqual([probed]);
  table.probed(`mac:${mac}`, '10.0.0.7', [], 2, time(7));
  expect(table.hosts[0]?.services).toEqual([]);
});

test('a router that answers for a whole network is one host with some addresses', () => {
  const table = new HostTable();
  for (let last = 1; last < 255; last += 1) table.see({ ...arp, address: `10.0.0.${last}` }, time(0));
  expect(table.hosts).toHaveLength(1);
  expect(table.hosts[0]?.addresses).toHaveLength(16);
  expect(table.dropped).toBe(238);
});

test('there are never more than 2048 hosts, and only those not seen any more make place', () => {
  const table = new HostTable();
  const nth = (index: number): Sighting => ({
    ...arp,
    address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    mac: `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
  });
  for (let index = 0; index < 3000; index += 1) table.see(nth(index), time(0));
  expect([table.hosts.length, table.dropped]).toEqual([2048, 952]);
  for (let look = 1; look <= 3; look += 1) {
    for (let index = 1; index < 2048; index += 1) table.see(nth(index), time(look));
    table.endLook(3, links, time(look));
  }
  table.see(nth(5000), time(4));
  expect(table.hosts).toHaveLength(2048);
  expect(table.hosts.some(({ id }) => id === 'mac:02:00:00:00:00:00')).toBe(false);
  expect(table.events.length).toBeLessThanOrEqual(256);
});
