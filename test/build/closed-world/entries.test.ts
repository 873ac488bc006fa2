import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { readRecipe } from '../../../builder/fetch/recipes.ts';
import type { BundleSet } from '../../../contract/bundle-set.ts';
import { worldCopy } from './world.ts';

const copy = worldCopy();
const setPath = 'bundles/core.yaml';
const lists = ['images', 'programs', 'apps'] as const;
/** The engine knows these by name; the version is the bundle's. */
const byName = /^(?<name>.*(?:etcd|coredns|pause)):[^:]+$/;

/** What a finding must name when an entry is gone: its own name, or the images of its recipe. */
async function named(list: (typeof lists)[number], entry: string): Promise<string[]> {
  if (list !== 'images') return [entry];
  const { images } = await readRecipe(copy.path(), entry);
  return images.map(({ reference }) => reference.replace(byName, '$<name>'));
}

test('the world of site lab is closed', async () => {
  expect(await copy.findings()).toEqual([]);
});

test.each(lists)(
  'it opens at each of the %s of its bundle set that is taken out, and only there',
  async (list) => {
    const set = parse(await readFile(copy.path(setPath), 'utf8')) as BundleSet;
    expect(set[list].length).toBeGreaterThan(0);
    for (const entry of set[list]) {
      await writeFile(
        copy.path(setPath),
        stringify({ ...set, [list]: set[list].filter((other) => other !== entry) }),
      );
      const found = await copy.findings();
      await copy.reset();
      const names = await named(list, entry);
      expect(found, entry).toHaveLength(names.length);
      for (const name of names)
        expect(
          found.filter((line) => line.includes(name)),
          entry,
        ).toHaveLength(1);
    }
  },
);

test('it tells of an image that nothing uses', async () => {
  await copy.edit('cluster/kubernetes/apps/syncthing/deployment.yaml', (text) =>
    text.replaceAll('cpiab.dev/oci/syncthing:1.29.5', 'cpiab.dev/oci/busybox:1.37.0'),
  );
  expect(await copy.findings()).toEqual([
    expect.stringMatching(/^E2202 cpiab.dev\/oci\/syncthing:1.29.5: in the bundle, but/),
  ]);
});
