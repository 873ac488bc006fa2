import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchUpstream } from '../../../builder/fetch/upstream.ts';
import { lockUpstream } from '../../../builder/lock/upstream.ts';
import { type Site, SiteSchema } from '../../../contract/site.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { tarLayer } from '../../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const here = freshDirectory();
/** A tar of nothing: two empty records. Source: tar(5). */
const EMPTY_TAR = Buffer.alloc(1024);
let registry: TestRegistry;
let site: Site;
beforeEach(async () => {
  registry = await startRegistry(here());
  site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    registries: { 'docker.io': { mirrors: [registry.base.href] } },
  });
});
afterEach(() => registry.stop());

/** Locks and fetches as a build does. */
async function fetched(...references: string[]) {
  const host = quietHost(here(), here('cache'));
  const upstream = await lockUpstream(references, site, host);
  return { upstream, images: await fetchUpstream(site, tinyLock({ upstream }), host) };
}

describe('an image that is unlike most', () => {
  test('has no layers', async () => {
    await registry.storage.put('team/app:1.0', { layers: [] });
    const { images } = await fetched('docker.io/team/app:1.0');
    expect(images.map(({ layers, packages }) => [layers, packages])).toEqual([[[], []]]);
  });

  test.each([false, true])('has empty layers, and one twice, compressed: %s', async (gzip) => {
    await registry.storage.put('team/app:1.0', { layers: [EMPTY_TAR, EMPTY_TAR], gzip });
    const { images } = await fetched('docker.io/team/app:1.0');
    const [tar] = await Promise.all((images[0]?.layers ?? []).map((layer) => layer.tar()));
    expect(tar?.size).toBe(1024);
    expect(images[0]?.layers).toHaveLength(2);
  });

  test('has two tags, which are fetched once', async () => {
    const layers = [await tarLayer(1000)];
    const first = await registry.storage.put('team/app:1.0', { layers });
    const second = await registry.storage.put('team/app:latest-1', { layers });
    expect(second.digest).toBe(first.digest);
    const { upstream, images } = await fetched('docker.io/team/app:1.0', 'docker.io/team/app:latest-1');
    expect(new Set(upstream.map(({ digest }) => digest)).size).toBe(1);
    expect(images.flatMap(({ references }) => references)).toHaveLength(2);
    // Manifest, config, layer, and what was read from the layer.
    expect(await readdir(here('cache', 'blobs', 'sha256'))).toHaveLength(4);
  });

  test('is for another platform alone, with or without an index', async () => {
    for (const index of [true, false]) {
      await registry.storage.put('team/arm:1.0', { platforms: ['linux/arm64'], index });
      const refused = await refusal(fetched('docker.io/team/arm:1.0'));
      expect([refused.code, refused.message]).toEqual([
        'E3015',
        'no image for linux/amd64; it has linux/arm64',
      ]);
    }
  });
});
