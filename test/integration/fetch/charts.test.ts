import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proveChartsWhole } from '../../../builder/close/close.ts';
import { fetchCharts } from '../../../builder/fetch/charts.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { lockCharts } from '../../../builder/lock/charts.ts';
import type { Site } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { chartArchive } from '../../support/registry/charts.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { siteOf } from '../../support/registry/site.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const reference = 'ghcr.io/team/charts/web:1.2.3';
let registry: TestRegistry;
let site: Site;
let host: BuildHost;

beforeEach(async () => {
  await mkdir(path('registry'));
  registry = await startRegistry(path('registry'));
  site = siteOf(registry);
  host = quietHost(path(), path('cache'));
});
afterEach(() => registry.stop());

describe('a published chart', () => {
  test('is locked by digest and comes by it, though its tag was moved', async () => {
    const archive = await chartArchive('web');
    const digest = await registry.storage.putChart('team/charts/web:1.2.3', archive);
    const charts = await lockCharts([reference], site, host);
    expect(charts).toEqual([{ reference, digest, size: expect.any(Number) }]);
    await registry.storage.putChart('team/charts/web:1.2.3', await chartArchive('other'));
    const [fetched] = await fetchCharts(site, tinyLock({ charts }), host);
    expect(`sha256:${fetched?.manifest.file.sha256}`).toBe(digest);
    expect(fetched?.content.size).toBe(archive.length);
  });

  test('needs no registry when the cache has it', async () => {
    await registry.storage.putChart('team/charts/web:1.2.3', await chartArchive('web'));
    const lock = tinyLock({ charts: await lockCharts([reference], site, host) });
    const first = await fetchCharts(site, lock, host);
    await registry.stop();
    expect(await fetchCharts(site, lock, host)).toEqual(first);
  });

  test('is refused when it is an image', async () => {
    await registry.storage.put('team/charts/web:1.2.3');
    const refused = await refusal(lockCharts([reference], site, host));
    expect(refused.toText()).toMatch(
      /^CPIAB-E3030 ghcr.io\/team\/charts\/web:1.2.3: not a Helm chart: .*image/,
    );
  });

  test('is refused at close when it is made with charts that it does not hold', async () => {
    const dependencies = [{ name: 'redis', version: '^20', repository: 'oci://quay.io/charts' }];
    await registry.storage.putChart(
      'team/charts/web:1.2.3',
      await chartArchive('web', { metadata: { dependencies } }),
    );
    const lock = tinyLock({ charts: await lockCharts([reference], site, host) });
    const refused = await refusal(proveChartsWhole(site, lock, host));
    expect(refused.toText()).toContain(
      `CPIAB-E2220 ${reference}: is made with chart redis ^20 of oci://quay.io/charts`,
    );
  });
});
