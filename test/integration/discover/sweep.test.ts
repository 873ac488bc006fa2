import { afterEach, beforeEach, expect, test } from 'vitest';
import { addressesFrom, inside, Lan, sweepIn } from '../../support/discover/lan.ts';

let lan: Lan;
let box: string;
beforeEach(async () => {
  lan = await Lan.open('s');
  box = await lan.host('box', '10.77.0.1');
});
afterEach(() => lan.close());

const countRequests = `
  add table arp told
  add chain arp told out { type filter hook output priority 0; }
  add rule arp told out arp operation request counter`;
const requests = async () =>
  Number(/packets (\d+)/.exec(await inside(box, ['nft', 'list', 'table', 'arp', 'told']))?.[1]);

test('everybody on a link is found although one packet in twenty is lost each way, sweep after sweep', async () => {
  const crowd = await lan.crowd('crowd', addressesFrom('10.77.0.20', 60));
  for (const each of [box, crowd]) await lan.lose(each, 5);
  await sweepIn(box);
  const found: number[] = [];
  for (let sweep = 0; sweep < 5; sweep += 1) found.push((await sweepIn(box)).addresses.length);
  // One of the 300 may be missed: less than one in a hundred runs comes so far.
  expect(found.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(299);
});

test('an empty network is asked three times, no faster than the site lets it', async () => {
  await inside(box, ['nft', '-f', '-'], countRequests);
  const { addresses, tookMs } = await sweepIn(box, 200);
  expect(addresses).toEqual([]);
  expect(await requests()).toBe(3 * 253);
  expect(tookMs).toBeGreaterThan((3 * 253 * 1000) / 200 - 500);
});

test('what a sweep puts into the kernel’s table it takes out again, and what was there stays', async () => {
  await lan.crowd('crowd', addressesFrom('10.77.0.20', 30));
  await sweepIn(box);
  await inside(box, ['ip', 'neigh', 'flush', 'all']);
  const known = async () => (await inside(box, ['ip', '-4', 'neigh'])).match(/^\S+(?=.* lladdr)/gm);
  const connect = `require('net').connect(9, '10.77.0.21').on('error', () => {})`;
  await inside(box, [process.execPath, '-e', connect]);
  expect(await known()).toEqual(['10.77.0.21']);
  expect((await sweepIn(box)).addresses).toHaveLength(30);
  expect(await known()).toEqual(['10.77.0.21']);
});
