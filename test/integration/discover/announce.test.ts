import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { locate } from '../../../host/system-packages.ts';
import { browseWithAvahi } from '../../support/discover/avahi.ts';
import { DiscoveringBox, hostAt } from '../../support/discover/box.ts';
import { Lan } from '../../support/discover/lan.ts';
import { removeTree } from '../../support/remove-tree.ts';

const hasAvahi = (await locate('avahi-browse')) !== undefined;
if (!hasAvahi) process.stderr.write('\nSKIPPED: no avahi-browse here (apt-get install avahi-utils)\n\n');

let lan: Lan;
let root: string;
const boxes: DiscoveringBox[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cpiab-announce-'));
  lan = await Lan.open('n');
});
afterEach(async () => {
  await Promise.all(boxes.splice(0).map((box) => box.stop()));
  await lan.close();
  await removeTree(root);
});

async function boxAt(name: string, address: string): Promise<DiscoveringBox> {
  const box = new DiscoveringBox(await lan.host(name, address), join(root, name));
  boxes.push(box);
  return box;
}

const policy: Parameters<DiscoveringBox['start']>[0] = {
  ...{ mode: 'passive', links: ['eth0'], everySeconds: 10, announce: true },
};

test.skipIf(!hasAvahi)('avahi-browse finds a box that announces itself, and resolves it', async () => {
  const box = await boxAt('box', '10.77.0.1');
  await box.start(policy);
  await box.waitFor(({ looked }) => looked !== null);
  const { lines } = await browseWithAvahi(await lan.host('other', '10.77.0.20'), root);
  const found = lines.find((line) => line.startsWith('=;eth0;IPv4;') && line.includes('_cpiab._tcp'));
  expect(found?.split(';').slice(6, 9)).toEqual(['cpiab-b1000000.local', '10.77.0.1', '7443']);
  expect(found).toContain('"site=lab"');
});

test('a box that only listens learns of one that announces itself', async () => {
  const listener = await boxAt('listener', '10.77.0.1');
  await listener.start({ ...policy, announce: false });
  await listener.waitFor(({ looked }) => looked !== null);
  const box = await boxAt('box', '10.77.0.2');
  await box.start(policy);
  const found = await listener.waitFor(
    (inventory) => hostAt(inventory, '10.77.0.2')?.services.some(({ name }) => name === 'cpiab') ?? false,
  );
  expect(hostAt(found, '10.77.0.2')?.services).toMatchObject([
    { port: 7443, source: 'mdns', confidence: 'claimed', detail: expect.stringContaining('site=lab') },
  ]);
});

test('two boxes of one identity tell that one is a copy, and both fall silent', async () => {
  const first = await boxAt('first', '10.77.0.1');
  const second = await boxAt('second', '10.77.0.2');
  await first.start(policy);
  await first.waitFor(({ looked }) => looked !== null);
  await second.start(policy);
  // Where both probe at once, one of them gives way before it is known (RFC 6762 section 8.2).
  const told = [first, second].map((box) => box.waitFor(({ problem }) => problem !== null));
  const { problem } = await Promise.any(told);
  expect(problem).toMatch(/^(?:10\.77\.0\.[12]|fe80::\S+) announces itself as this box: .*copy/);
});
