/**
 * Writes changes to an inventory until it is killed: each replaces one host's name by the number of the change.
 * Prints each number when it is on the disk. Argument: the inventory's directory.
 */
import { InventoryStore } from '../../../agent/discover/store.ts';
import type { Host } from '../../../contract/inventory.ts';

const time = '2026-11-22T04:00:00.000Z';
const { store, kept } = await InventoryStore.open(process.argv[2] ?? '');
const hosts = new Map(kept.hosts.map((host) => [host.id, host]));
const last = Math.max(0, ...kept.hosts.map(({ names: [name] }) => Number(name)));
for (let number = last + 1; ; number += 1) {
  const id = `mac:02:00:00:00:00:0${number % 8}`;
  const host: Host = {
    ...{ id, mac: id.slice(4), link: 'eth0', addresses: ['10.0.0.7'], names: [String(number)] },
    ...{ services: [], evidence: ['arp'], state: 'seen', firstSeen: time, lastSeen: time },
  };
  hosts.set(id, host);
  await store.append([{ event: { time, what: 'changed', host: id, detail: `${number}` }, id, host }]);
  process.stdout.write(`${number}\n`);
  if (number % 5 === 0) await store.compact({ hosts: [...hosts.values()], events: [] });
}
