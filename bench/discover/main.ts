import { parseArgs } from 'node:util';
import { locate } from '../../host/system-packages.ts';
import { addressesFrom, inside, Lan, type Swept, sweepIn } from '../../test/support/discover/lan.ts';
import { type Browsed, browse, SERVICES } from './services.ts';

/**
 * How many hosts and services of a link are found, and how fast, beside arp-scan and avahi-browse in the same run: in
 * network namespaces, with and without 5 % of the packets lost on each way. As root. Option: --sweeps N of each kind.
 */
interface Scene {
  name: string;
  /** Of the link's network. */
  length: number;
  hosts: number;
  lossPercent: number;
}

const scenes: readonly Scene[] = [
  { name: '/24, 60 hosts', length: 24, hosts: 60, lossPercent: 0 },
  { name: '/22, 200 hosts', length: 22, hosts: 200, lossPercent: 0 },
  { name: '/24, 60 hosts, 5 % loss', length: 24, hosts: 60, lossPercent: 5 },
  { name: '/22, 200 hosts, 5 % loss', length: 22, hosts: 200, lossPercent: 5 },
];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { sweeps: { type: 'string', default: '5' } } });
  const hasArpScan = (await locate('arp-scan')) !== undefined;
  if (!hasArpScan) print('arp-scan is not here (apt-get install arp-scan): nothing to compare with');
  for (const scene of scenes) {
    const ours = await measured(scene, Number(values.sweeps), sweepIn);
    print(`${scene.name}: ours      ${told(ours, scene)}`);
    if (!hasArpScan) continue;
    const theirs = await measured(scene, Number(values.sweeps), arpScan);
    print(`${scene.name}: arp-scan  ${told(theirs, scene)}`);
    print(`${scene.name}: ratio     ${(median(ours) / median(theirs)).toFixed(2)} of its time`);
  }
  await services(Number(values.sweeps));
}

async function services(sweeps: number): Promise<void> {
  if ((await locate('avahi-browse')) === undefined)
    return void print('avahi-browse is not here (apt-get install avahi-utils avahi-daemon)');
  const { ours, theirs } = await browse(sweeps);
  const told = (all: readonly Browsed[]) => {
    const found = all.reduce((sum, each) => sum + each.found, 0);
    return `${(median(all) / 1000).toFixed(2)} s, ${found} of ${SERVICES * all.length} services`;
  };
  print(`mDNS: ours          ${told(ours)}`);
  print(`mDNS: avahi-browse  ${told(theirs)}`);
  print(`mDNS: ratio         ${(median(ours) / median(theirs)).toFixed(2)} of its time`);
}

/** Each sweep begins with an empty neighbour table. */
async function measured(
  scene: Scene,
  sweeps: number,
  sweep: (namespace: string) => Promise<Swept>,
): Promise<Swept[]> {
  const lan = await Lan.open('bench');
  try {
    const box = await lan.host('box', '10.77.0.1', scene.length);
    const crowd = await lan.crowd('crowd', addressesFrom('10.77.0.20', scene.hosts), scene.length);
    if (scene.lossPercent > 0) for (const each of [box, crowd]) await lan.lose(each, scene.lossPercent);
    await settled(box, scene.hosts);
    const done: Swept[] = [];
    for (let count = 0; count < sweeps; count += 1) {
      await inside(box, ['ip', 'neigh', 'flush', 'all']);
      done.push(await sweep(box));
    }
    return done;
  } finally {
    await lan.close();
  }
}

/** Waits until cards that have just been made answer. */
async function settled(namespace: string, hosts: number): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1)
    if ((await sweepIn(namespace)).addresses.length >= hosts * 0.99) return;
  throw new Error('the hosts do not come up');
}

/** With its own defaults: two tries, half a second each. */
async function arpScan(namespace: string): Promise<Swept> {
  const began = performance.now();
  const text = await inside(namespace, ['arp-scan', '--interface=eth0', '--localnet', '--quiet', '--plain']);
  const tookMs = performance.now() - began;
  const addresses = new Set(text.split('\n').flatMap((line) => /^[\d.]+(?=\s)/.exec(line)?.[0] ?? []));
  return { tookMs, addresses: [...addresses] };
}

const median = (sweeps: readonly { tookMs: number }[]) =>
  sweeps.map(({ tookMs }) => tookMs).sort((a, b) => a - b)[Math.floor(sweeps.length / 2)] ?? 0;

function told(sweeps: readonly Swept[], { hosts }: Scene): string {
  const found = sweeps.reduce((sum, { addresses }) => sum + addresses.length, 0);
  const share = (100 * found) / (hosts * sweeps.length);
  return `${(median(sweeps) / 1000).toFixed(2)} s, ${share.toFixed(2)} % of ${hosts} hosts in ${sweeps.length} sweeps`;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

await main();
