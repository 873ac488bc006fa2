import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { layerPackages, layerTar } from '../../../../builder/fetch/published-layer.ts';
import { digestOf } from '../../../../contract/manifest.ts';
import { Cache } from '../../../../host/cache.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();

test.each([
  ['reading its packages', layerPackages],
  ['unpacking it', layerTar],
])('%s ends where the build does', async (_, work) => {
  const cache = new Cache(here('cache'));
  const file = await cache.put(gzipSync(Buffer.alloc(64 << 20)));
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const layer = { reference: 'quay.io/team/app:1', mediaType, file, diffId: digestOf('0'.repeat(64)) };
  const ending = new AbortController();
  const working = work(layer, cache, ending.signal);
  setTimeout(() => ending.abort(), 5);
  await expect(working).rejects.toMatchObject({ name: 'AbortError' });
});
