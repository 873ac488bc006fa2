import type { ChildProcess } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiscoveringBox, hostAt } from '../../support/discover/box.ts';
import { servers, startIn, stop } from '../../support/discover/host.ts';
import { inside, Lan } from '../../support/discover/lan.ts';
import { firewallRules } from '../../support/firewall/rules.ts';
import { removeTree } from '../../support/remove-tree.ts';

const policy = { mode: 'active' as const, links: ['eth0'] };

let lan: Lan;
let root: string;
let namespace: string;
let box: DiscoveringBox;
let host: ChildProcess;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-probe-'));
  lan = await Lan.open('p');
  namespace = await lan.host('box', '10.77.0.1');
  box = new DiscoveringBox(namespace, root);
  host = await startIn(
    await lan.host('nas', '10.77.0.20'),
    'host-child.ts',
    JSON.stringify(Object.values(servers)),
  );
});
afterEach(async () => {
  await box.stop();
  await stop(host);
  await lan.close();
  await removeTree(root);
});

const told = async () => {
  const found = await box.waitFor((inventory) => (hostAt(inventory, '10.77.0.20')?.services.length ?? 0) > 0);
  return hostAt(found, '10.77.0.20')?.services.map(({ name, port, confidence, detail }) =>
    [port, name, confidence, detail].join(' '),
  );
};

test('what a host offers is recognised by its first answer, and what nobody knows is told as that', async () => {
  await box.start(policy);
  expect((await told())?.sort()).toEqual(
    [
      '22 ssh recognised OpenSSH_9.2p1 Debian-2',
      '80 http recognised A [31mprinter',
      '445 unknown answered ',
      '2049 nfs recognised version 3',
      '5000 synology recognised vault - Synology DiskStation',
      '6443 kubernetes recognised v1.36.3',
      '8006 proxmox recognised pve1 - Proxmox Virtual Environment',
    ].sort(),
  );
});

test("the box's wall lets probes pass and nothing else, and counts no packet", async () => {
  await writeFile(join(root, 'wall.nft'), await firewallRules());
  await inside(namespace, ['nft', '-f', join(root, 'wall.nft')]);
  await box.start(policy);
  expect(await told()).toHaveLength(7);
  expect(await inside(namespace, ['nft', 'list', 'counter', 'inet', 'cpiab', 'egress'])).toContain(
    'packets 0 bytes 0',
  );
  const connect = `require('net').connect(9999, '10.77.0.20').on('error', (error) => console.log(error.code))`;
  expect(await inside(namespace, [process.execPath, '-e', connect])).not.toContain('ECONNREFUSED');
});

test('a site that lists no probes has its hosts found, and asked nothing', async () => {
  await box.start({ ...policy, everySeconds: 10, probe: [] });
  const first = await box.waitFor(({ looked }) => looked !== null);
  const second = await box.waitFor(({ looked }) => looked !== first.looked);
  expect(hostAt(second, '10.77.0.20')).toMatchObject({ state: 'seen', services: [] });
});
