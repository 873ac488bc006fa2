import { expect, test } from 'vitest';
import type { Component } from '../../../builder/bundle/sbom.ts';
import { compareBundles } from '../../../builder/compare/compare.ts';
import { openMedium } from '../../../builder/verify/open.ts';
import { readManifest } from '../../../builder/verify/verify.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { type TinyBundle, tinyBundle } from '../../support/tiny-bundle.ts';

const path = freshDirectory();
const { signal } = new AbortController();
const layer = (text: string) => [Buffer.from(text)];
const goModule = (name: string, version: string): Component => ({
  name,
  version,
  purl: `pkg:golang/${name}@${version}`,
  licence: 'MIT',
  in: ['ghcr.io/a/kept:1'],
});

async function opened({ directory, key }: TinyBundle) {
  const medium = await openMedium(directory, signal);
  return { medium, manifest: await readManifest(medium, key) };
}

test('two bundles differ in images, packages, revision and sizes', async () => {
  const one = await tinyBundle(path(), 'one', {
    sequence: 1,
    images: {
      'ghcr.io/a/app:1.0': layer('a'),
      'ghcr.io/a/kept:1': layer('k'),
      'ghcr.io/a/moved:1': layer('m'),
      'ghcr.io/a/gone:1': layer('g'),
    },
    components: [goModule('github.com/a/b', 'v1.0.0'), goModule('github.com/a/gone', 'v1.0.0')],
  });
  const two = await tinyBundle(path(), 'two', {
    sequence: 2,
    images: {
      'ghcr.io/a/app:1.1': layer('A'),
      'ghcr.io/a/kept:1': layer('k'),
      'ghcr.io/a/moved:1': layer('M'),
      'ghcr.io/a/new:1': layer('new layer'),
    },
    components: [goModule('github.com/a/b', 'v1.1.0'), goModule('github.com/a/new', 'v2.0.0')],
  });
  const found = await compareBundles(await opened(one), await opened(two));
  expect(found.about.map(({ name }) => name)).toEqual(['revision', 'sequence']);
  expect(found.images).toEqual([
    { name: 'ghcr.io/a/app', before: '1.0', after: '1.1' },
    { name: 'ghcr.io/a/gone', before: '1', after: null },
    {
      name: 'ghcr.io/a/moved',
      before: expect.stringMatching(/^1 sha256:[0-9a-f]{12}$/),
      after: expect.stringMatching(/^1 sha256:/),
    },
    { name: 'ghcr.io/a/new', before: null, after: '1' },
  ]);
  expect(found.packages).toEqual([
    { name: 'pkg:golang/github.com/a/b', before: 'v1.0.0', after: 'v1.1.0' },
    { name: 'pkg:golang/github.com/a/gone', before: 'v1.0.0', after: null },
    { name: 'pkg:golang/github.com/a/new', before: null, after: 'v2.0.0' },
  ]);
  expect(found.sizes.find(({ role }) => role === 'image-layer')).toEqual({
    role: 'image-layer',
    before: 4,
    after: 12,
  });
});

test('a bundle does not differ from itself', async () => {
  const one = await opened(
    await tinyBundle(path(), 'one', { sequence: 1, images: { 'ghcr.io/a/app:1.0': layer('a') } }),
  );
  const { about, images, packages } = await compareBundles(one, one);
  expect([about, images, packages]).toEqual([[], [], []]);
});
