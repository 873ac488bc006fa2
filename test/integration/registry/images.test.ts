import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveImage } from '../../../builder/registry/manifests.ts';
import { Registry } from '../../../builder/registry/registry.ts';
import { listTags } from '../../../builder/registry/tags.ts';
import { refusal } from '../../support/refusal.ts';
import { startRegistry, type TestRegistry } from '../../support/registry/server.ts';
import { removeTree } from '../../support/remove-tree.ts';

let directory: string;
let registry: TestRegistry;
let reader: Registry;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'registry-'));
  registry = await startRegistry(directory);
  const { signal } = new AbortController();
  reader = new Registry('quay.io', {
    bases: [registry.base],
    credentials: async () => null,
    signal,
    retry: { pauses: [] },
  });
});
afterAll(async () => {
  await reader.close();
  await registry.stop();
  await removeTree(directory);
});

const named = (repository: string, tag = '1.0') => ({ host: 'quay.io', repository, tag });

describe('resolveImage', () => {
  test.each(['oci', 'docker'] as const)(
    'takes linux/amd64 out of an index, %s media types',
    async (format) => {
      const platforms = ['linux/arm64', 'linux/amd64', 'windows/amd64'];
      const stored = await registry.storage.put(`many/${format}:1.0`, { platforms, format });
      const { top, manifest, layers } = await resolveImage(reader, named(`many/${format}`));
      expect(top.digest).toBe(stored.digest);
      expect(manifest.digest).toBe(stored.manifests[1]);
      expect(layers.map(({ digest }) => digest)).toEqual(stored.layers);
    },
  );

  test('takes a manifest without an index, by tag and by digest', async () => {
    const { digest } = await registry.storage.put('one/app:1.0');
    const byTag = await resolveImage(reader, named('one/app'));
    const byDigest = await resolveImage(reader, { host: 'quay.io', repository: 'one/app', digest });
    expect([byTag.manifest.digest, byDigest.top.digest]).toEqual([digest, digest]);
  });

  test('names the platforms there are when ours is not', async () => {
    await registry.storage.put('arm/app:1.0', { platforms: ['linux/arm64', 'linux/s390x'] });
    const refused = await refusal(resolveImage(reader, named('arm/app')));
    expect(refused.toText()).toContain(
      'CPIAB-E3015 quay.io/arm/app:1.0: no image for linux/amd64; it has linux/arm64, linux/s390x',
    );
  });

  test('says when there is no such tag or image', async () => {
    await registry.storage.put('one/app:1.0');
    expect((await refusal(resolveImage(reader, named('one/app', '2.0')))).code).toBe('E3014');
    expect((await refusal(resolveImage(reader, named('none')))).code).toBe('E3014');
  });
});

test('listTags reads page after page', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `1.${index}.0`);
  for (const tag of names) await registry.storage.put(`tags/app:${tag}`);
  const tags = await listTags(reader, 'tags/app', 5);
  expect(tags.toSorted()).toEqual(names.toSorted());
});
