import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import type { Site } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { tarLayer } from '../../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { siteOf } from '../../support/registry/site.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const name = 'ghcr.io/team/app:1';
let registry: TestRegistry;
let site: Site;

beforeEach(async () => {
  await mkdir(path('registry'));
  registry = await startRegistry(path('registry'));
  site = siteOf(registry);
});
afterEach(() => registry.stop());

const host = () => quietHost(path(), path('cache'));
const put = async (request: { index?: boolean } = {}) =>
  await registry.storage.put('team/app:1', {
    ...request,
    layers: [await tarLayer(100)],
    config: { Labels: { 'dev.cpiab.rehearsal': 'homelab' } },
  });

test.each([{ index: false }, { index: true }])(
  'no site locks an image that says it only stands in, %j',
  async (request) => {
    await put(request);
    expect(await refusal(lockUpstream([name], site, host()))).toMatchObject({
      code: 'E2145',
      subject: name,
      exit: 3,
    });
  },
);

test('a rehearsal locks it, says so in the lock, and builds it', async () => {
  const { digest } = await put();
  const rehearsal = { ...site, rehearsal: true };
  const upstream = await lockUpstream([name], rehearsal, host());
  expect(upstream).toMatchObject([{ reference: name, digest, standIn: true }]);
  expect(await fetchUpstream(rehearsal, tinyLock({ upstream }), host())).toMatchObject([
    { references: [name] },
  ]);
});

test('a build refuses it also where the lock does not say so any more, and from the cache too', async () => {
  await put();
  const rehearsal = { ...site, rehearsal: true };
  const [locked] = await lockUpstream([name], rehearsal, host());
  if (locked === undefined) throw new Error('nothing locked');
  const { standIn: _, ...claimed } = locked;
  const lock = tinyLock({ upstream: [claimed] });
  expect(await refusal(fetchUpstream(site, lock, host()))).toMatchObject({ code: 'E2145', subject: name });
  await fetchUpstream(rehearsal, lock, host());
  expect(await refusal(fetchUpstream(site, lock, host()))).toMatchObject({ code: 'E2145', subject: name });
});
