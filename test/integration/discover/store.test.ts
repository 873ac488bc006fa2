import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostTable } from '../../../agent/discover/host-table.ts';
import { InventoryStore } from '../../../agent/discover/store.ts';
import { removeTree } from '../../support/remove-tree.ts';

const script = join(import.meta.dirname, '..', '..', 'support', 'discover', 'store-child.ts');
const time = '2026-11-22T04:00:00.000Z';
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-inventory-'));
});
afterEach(() => removeTree(directory));

const numbersOf = async () =>
  (await InventoryStore.open(directory)).kept.hosts
    .map(({ names: [name] }) => Number(name))
    .sort((a, b) => a - b);

/** Lets it write for some milliseconds, then cuts the power. @returns the last number that it said is on the disk. */
async function cut(child: ChildProcess, ms: number): Promise<number> {
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child.stdout ?? child, 'data');
  await sleep(ms);
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  return Number(said.trim().split('\n').at(-1));
}

test('whatever was on the disk when the power went is there after it, in order and whole', async () => {
  for (let round = 0; round < 12; round += 1) {
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await cut(child, round * 7);
    const numbers = await numbersOf();
    const last = numbers.at(-1) ?? 0;
    // One more may have been written without the time to say so.
    expect([said, said + 1]).toContain(last);
    expect(numbers).toEqual(
      Array.from({ length: Math.min(8, last) }, (_, index) => last - Math.min(8, last) + 1 + index),
    );
  }
});

test('a line that was being written is cut off, and the next one follows those before it', async () => {
  const { store } = await InventoryStore.open(directory);
  const table = new HostTable();
  const see = (address: string, mac: string) =>
    table.see({ link: 'eth0', address, mac, names: [], services: [], evidence: 'arp' }, time);
  see('10.0.0.7', '02:00:00:00:00:07');
  await store.append(table.takeChanges());
  await appendFile(join(directory, 'journal'), '{"number":2,"changes":[{"ev');
  const again = await InventoryStore.open(directory);
  see('10.0.0.8', '02:00:00:00:00:08');
  await again.store.append(table.takeChanges());
  const { kept } = await InventoryStore.open(directory);
  expect(kept.hosts).toEqual(table.hosts);
  expect(kept.events).toEqual(table.events);
});

test('what a snapshot has is not repeated from a journal that was not taken away in time', async () => {
  const { store } = await InventoryStore.open(directory);
  const table = new HostTable();
  table.see(
    { link: 'eth0', address: '10.0.0.7', mac: '02:00:00:00:00:07', names: [], services: [], evidence: 'arp' },
    time,
  );
  const changes = table.takeChanges();
  await store.append(changes);
  await store.compact({ hosts: [], events: [] });
  // As the cut between the two writes leaves it: the snapshot, and the journal from before.
  await writeFile(join(directory, 'journal'), `${JSON.stringify({ number: 1, changes })}\n`);
  expect((await InventoryStore.open(directory)).kept).toEqual({ hosts: [], events: [] });
});

test('a snapshot that nobody can read is set aside, and the box goes on', async () => {
  await writeFile(join(directory, 'snapshot.json'), '{"number":3,"hosts":[{"id"');
  expect((await InventoryStore.open(directory)).kept).toEqual({ hosts: [], events: [] });
  expect(await readdir(directory)).toContain('snapshot.damaged');
});

test('a journal becomes a snapshot before it is long, also under hosts that change all the time', async () => {
  const { store } = await InventoryStore.open(directory);
  const table = new HostTable();
  let most = 0;
  for (let round = 0; round < 1500; round += 1) {
    table.see(
      {
        ...{ link: 'eth0', address: '10.0.0.7', mac: '02:00:00:00:00:07', evidence: 'mdns' },
        ...{
          names: [],
          services: [
            {
              name: 'ssh',
              protocol: 'tcp',
              port: 22,
              source: 'mdns',
              confidence: 'claimed',
              detail: `${round}`,
            },
          ],
        },
      },
      time,
    );
    await store.append(table.takeChanges());
    if (store.isLong) await store.compact(table);
    most = Math.max(most, (await stat(join(directory, 'journal'))).size);
  }
  expect(most).toBeLessThan(4 << 20);
  expect((await InventoryStore.open(directory)).kept.hosts).toEqual(table.hosts);
});
