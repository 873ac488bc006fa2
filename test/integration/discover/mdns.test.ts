import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatBytes } from '../../../contract/units.ts';
import { locate } from '../../../host/system-packages.ts';
import { startAvahi, stopAvahi } from '../../support/discover/avahi.ts';
import { DiscoveringBox, hostAt } from '../../support/discover/box.ts';
import { startIn } from '../../support/discover/host.ts';
import { inside, Lan } from '../../support/discover/lan.ts';
import { removeTree } from '../../support/remove-tree.ts';

const hasAvahi = (await locate('avahi-daemon')) !== undefined;
if (!hasAvahi) process.stderr.write('\nSKIPPED: no avahi-daemon here (apt-get install avahi-daemon)\n\n');

let lan: Lan;
let root: string;
let namespace: string;
let box: DiscoveringBox;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-mdns-'));
  lan = await Lan.open('m');
  namespace = await lan.host('box', '10.77.0.1');
  box = new DiscoveringBox(namespace, root);
});
afterEach(async () => {
  await box.stop();
  await lan.close();
  await removeTree(root);
});

const nas = {
  host: 'nas',
  name: 'Files on %h. No. 2',
  services: [
    { type: '_nfs._tcp', port: 2049, text: 'path=/export' },
    { type: '_teapot._tcp', port: 418 },
  ],
};

test.skipIf(!hasAvahi)(
  'what Avahi announces is found and proposed, of types that nobody knew before too',
  async () => {
    const avahi = await startAvahi(await lan.host('nas', '10.77.0.20'), root, nas);
    await box.start({
      ...{ mode: 'active', links: ['eth0'], probe: [] },
      propose: [{ name: 'storage', propose: 'nfs', when: { name: 'nas' } }],
    });
    const found = await box.waitFor(
      (inventory) => (hostAt(inventory, '10.77.0.20')?.services.length ?? 0) >= 2,
    );
    await stopAvahi(avahi);
    const host = hostAt(found, '10.77.0.20');
    expect(host).toMatchObject({ names: ['nas'], evidence: ['arp', 'mdns', 'ndp'] });
    expect(host?.addresses).toEqual(['10.77.0.20', expect.stringMatching(/^fe80::/)]);
    expect(host?.services.map(({ name, port, detail }) => [name, port, detail])).toEqual(
      expect.arrayContaining([
        ['nfs', 2049, 'path=/export'],
        ['teapot', 418, ''],
      ]),
    );
    expect(found.proposals).toMatchObject([
      { rule: 'storage', target: '10.77.0.20:2049', confidence: 'claimed' },
    ]);
  },
);

/** Counts what a namespace asks by ARP, mDNS and TCP. */
const counting = `
  add table arp told
  add chain arp told out { type filter hook output priority 0; }
  add rule arp told out arp operation request counter
  add table inet told
  add chain inet told out { type filter hook output priority 0; }
  add rule inet told out udp dport 5353 counter
  add rule inet told out oifname "eth0" tcp flags syn counter`;

test.skipIf(!hasAvahi)('a box that only listens hears what is said, and asks nothing', async () => {
  await inside(namespace, ['nft', '-f', '-'], counting);
  await box.start({ mode: 'passive', links: ['eth0'], everySeconds: 10 });
  await box.waitFor(({ looked }) => looked !== null);
  const avahi = await startAvahi(await lan.host('nas', '10.77.0.20'), root, nas);
  const found = await box.waitFor(
    (inventory) => (hostAt(inventory, '10.77.0.20')?.services.length ?? 0) >= 2,
  );
  await stopAvahi(avahi);
  expect(hostAt(found, '10.77.0.20')).toMatchObject({
    id: 'address:10.77.0.20',
    mac: null,
    evidence: ['mdns'],
  });
  const counters = (await inside(namespace, ['nft', 'list', 'ruleset'])).match(/packets \d+/g);
  expect(counters).toEqual(['packets 0', 'packets 0', 'packets 0']);
});

/** What the process has in memory, and how long it has computed, in bytes and milliseconds. */
async function usage(pid: number): Promise<{ memory: number; cpuMs: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return {
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
  };
}

test('a flood of names costs neither memory nor the processor, and does not hide others', async () => {
  await box.start({ mode: 'passive', links: ['eth0'], everySeconds: 10 });
  await box.waitFor(({ looked }) => looked !== null);
  const before = await usage(box.pid);
  const began = performance.now();
  const loud = await startIn(
    await lan.host('loud', '10.77.0.66'),
    'flood-child.ts',
    '10.77.0.66',
    '20000',
    '2',
  );
  await once(loud, 'exit');
  const after = await usage(box.pid);
  const tookMs = performance.now() - began;
  const quiet = await startIn(
    await lan.host('quiet', '10.77.0.20'),
    'flood-child.ts',
    '10.77.0.20',
    '1',
    '1',
  );
  await once(quiet, 'exit');
  const found = await box.waitFor((inventory) => hostAt(inventory, '10.77.0.20') !== undefined);
  const grown = after.memory - before.memory;
  const share = (after.cpuMs - before.cpuMs) / tookMs;
  process.stdout.write(
    `20000 names: ${formatBytes(grown)} more, ${Math.round(100 * share)} % of a processor\n`,
  );
  expect(hostAt(found, '10.77.0.66')?.names).toHaveLength(8);
  expect(hostAt(found, '10.77.0.66')?.services).toHaveLength(32);
  expect(found.dropped).toBeGreaterThan(10_000);
  expect(grown).toBeLessThan(48 << 20);
  expect(share).toBeLessThan(0.5);
});
