import { expect, test } from 'vitest';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { cpiab } from '../support/lab.ts';
import { joinTwo } from '../support/two-machines.ts';
import { buildSite } from '../support/versions.ts';
import { watch } from '../support/watch.ts';

const LIMIT_MS = 25 * 60_000;
const path = freshDirectory();

test('a machine from the ISO of its box becomes a control plane, and is taken out of it again', async () => {
  const iso = await buildSite(path(), 'several', 'engine: { highAvailability: true }', 'iso');
  const { box, node } = await joinTwo(iso, path, { name: 'server-2', role: 'control-plane' });
  const status = await box.status();
  expect(status.nodes.map(({ name, ready }) => [name, ready])).toEqual([
    ['harbour', true],
    ['server-2', true],
  ]);
  expect(status.images.notInBundle).toEqual([]);
  // It waits for its own API server, whose etcd needs the box's.
  expect((await node.status()).steps.every(({ state }) => state === 'done')).toBe(true);
  const at = ['--box', `${box.box.url}#${box.fingerprint}`];
  expect(await cpiab('nodes', ...at)).toMatch(/server-2 +control-plane +ready/);
  expect(await cpiab('remove', 'server-2', '--no-drain', ...at)).toContain(
    'tokens, member and Node are gone',
  );
  // One member is a majority of one.
  const { status: alone } = await watch(box.status, ({ nodes }) => nodes.length === 1, LIMIT_MS);
  expect(alone.nodes[0]).toMatchObject({ name: 'harbour', ready: true });
});
