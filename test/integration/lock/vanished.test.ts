import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuildHost } from '../../../builder/host.ts';
import { refuseVanished } from '../../../builder/lock/vanished.ts';
import { type Site, SiteSchema } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyLock, tinyPackage } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const asked: string[] = [];
let has: (address: string) => number;
let server: Server;
let site: Site;
let host: BuildHost;

beforeEach(async () => {
  asked.length = 0;
  server = createServer(({ method, url = '' }, answer) => {
    asked.push(`${method} ${url}`);
    answer.writeHead(has(url)).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'lab',
    debian: { mirror: `http://127.0.0.1:${port}/debian` },
  });
  host = quietHost(path(), path('cache'));
});
afterEach(() => server.close());

const packages = [
  tinyPackage('git'),
  tinyPackage('zstd', { sha256: 'e'.repeat(64), archive: 'debian-security' }),
];
const lock = tinyLock({ debian: { indexes: [], packages, sets: {} } });

test('a frozen build refuses at once when the mirror has dropped a package, and names it', async () => {
  has = (url) => (url.includes('zstd') ? 404 : 200);
  const error = await refusal(refuseVanished(site, lock, host));
  expect(error).toMatchObject({ code: 'E3008', exit: 1 });
  expect(error.message).toContain('not on the mirror any more: zstd 1.0-1');
  expect(error.drift).toEqual([
    { kind: 'package', what: 'zstd', was: '1.0-1', is: null, why: 'not on the mirror any more' },
  ]);
  expect(asked).toContain('HEAD /debian-security/pool/main/zstd_1.0-1_amd64.deb');
});

test('it asks for nothing that the cache has', async () => {
  has = () => 404;
  const file = await host.cache.put('deb!');
  const cached = tinyPackage('git', { sha256: file.sha256, size: file.size });
  await refuseVanished(site, tinyLock({ debian: { indexes: [], packages: [cached], sets: {} } }), host);
  expect(asked).toEqual([]);
});

test('a mirror that answers with an error is no proof that a package is gone', async () => {
  has = () => 503;
  await refuseVanished(site, lock, host);
  expect(asked).toHaveLength(2);
});

const repository = join(import.meta.dirname, '../../..');

test('a build from a folder looks up no other lock, which would ask every registry', async () => {
  has = (url) => (url.includes('zstd') ? 404 : 200);
  const error = await refusal(refuseVanished(site, lock, { ...host, repository, from: path() }));
  expect(error).toMatchObject({ code: 'E3008', drift: [{ what: 'zstd', is: null }] });
  expect(asked.filter((request) => !request.startsWith('HEAD '))).toEqual([]);
});
