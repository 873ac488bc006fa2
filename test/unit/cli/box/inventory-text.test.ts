import { expect, test } from 'vitest';
import { eventLine, eventsAfter, inventoryText } from '../../../../cli/box/inventory-text.ts';
import type { Inventory, InventoryEvent } from '../../../../contract/inventory.ts';

const time = '2026-11-22T04:20:51.123Z';
const inventory: Inventory = {
  ...{
    apiVersion: 'cpiab.dev/v1',
    kind: 'Inventory',
    mode: 'active',
    looked: time,
    dropped: 7,
    problem: null,
  },
  links: [{ name: 'eth0', mac: '02:00:00:00:00:01', networks: ['10.0.0.0/24'], note: null }],
  hosts: [
    {
      ...{ id: 'mac:a', mac: '02:00:00:00:00:07', link: 'eth0', names: ['nas'], evidence: ['arp'] },
      ...{ addresses: ['10.0.0.7', 'fe80::7'], state: 'not-seen', firstSeen: time, lastSeen: time },
      services: Array.from({ length: 8 }, (_, port) => ({
        ...{ name: 'x', protocol: 'tcp', port, detail: '', source: 'mdns', confidence: 'claimed' },
      })),
    },
  ],
  proposals: [
    { rule: 'r', propose: 'nfs', host: 'mac:a', target: '10.0.0.7:2049', confidence: 'recognised' },
  ],
  events: [],
};

test('who is there, what was too much, and what is proposed fit a terminal', () => {
  expect(inventoryText(inventory).split('\n')).toEqual([
    'active, last look 2026-11-22 04:20:51Z: 0 of 1 hosts seen',
    'link eth0: 10.0.0.0/24',
    '7 messages and names were too many to keep',
    '',
    'address      name  hardware address   services                    seen',
    '10.0.0.7 +1  nas   02:00:00:00:00:07  x:0 x:1 x:2 x:3 x:4 x:5 +2  not since 2026-11-22 04:20:51Z',
    '',
    'proposed, for you to decide:',
    '  nfs 10.0.0.7:2049 (recognised, rule r, mac:a)',
  ]);
});

test('before the first look, and without anybody, nothing is made up', () => {
  expect(inventoryText({ ...inventory, looked: null, links: [], hosts: [], proposals: [], dropped: 0 })).toBe(
    'active, no look has ended yet: 0 of 0 hosts seen',
  );
});

test('each event is shown once, also when the box has forgotten the last one that was', () => {
  const event = (detail: string): InventoryEvent => ({ time, what: 'changed', host: 'mac:a', detail });
  expect(eventsAfter([event('1'), event('2')], [event('2'), event('3')])).toEqual([event('3')]);
  expect(eventsAfter([event('1')], [event('8'), event('9')])).toHaveLength(2);
  expect(eventLine(event('+ name nas'))).toBe('2026-11-22 04:20:51Z changed mac:a: + name nas');
});
