import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RecipeParts, recipeImages } from '../../../builder/fetch/images.ts';
import type { BuiltImage } from '../../../builder/fetch/parts.ts';
import { type ImageRecipe, ImageRecipeSchema } from '../../../contract/image.ts';
import { Cache } from '../../../host/cache.ts';
import { removeTree } from '../../support/remove-tree.ts';

let root: string;
let cache: Cache;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'images-'));
  cache = new Cache(join(root, 'cache'));
  await mkdir(join(root, 'recipe/root/etc'), { recursive: true });
  await writeFile(join(root, 'recipe/root/etc/motd'), 'hello\n');
});
afterEach(async () => {
  await removeTree(root);
});

const recipe: ImageRecipe = ImageRecipeSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'ImageRecipe',
  name: 'pair',
  images: [
    { reference: 'cpiab.dev/oci/one:1', title: 'One', version: { debian: 'x' } },
    { reference: 'cpiab.dev/oci/two:2', title: 'Two', version: { debian: 'x' } },
  ],
  layers: [
    [{ debian: 'x', take: ['usr/**'] }],
    [{ go: 'program', to: '/usr/bin/program' }, { files: 'root' }],
    [{ node: '/usr/bin/node' }, { script: 'login/main.ts', to: '/usr/bin/login' }],
  ],
  config: {},
});

/** A .deb stands for itself: unpacking copies it to `usr/x`. */
async function parts(deb: string, program: string, script = 'c', node = 'd'): Promise<RecipeParts> {
  const [one, other] = [await cache.put(script), await cache.put(node)];
  const files = { deb: await cache.put(deb), program: await cache.put(program) };
  return {
    program: () => files.program,
    node: () => other,
    script: async () => one,
    debian: () => files.deb,
    unpack: async (file, directory) => {
      await mkdir(join(directory, 'usr'));
      await writeFile(join(directory, 'usr/x'), await readFile(file.path));
    },
  };
}

const build = async (from: RecipeParts) =>
  await recipeImages(recipe, join(root, 'recipe'), from, cache, 1_763_000_000);

/** An image's layers, with the uncompressed ones that they give when they are asked. */
const laidOut = async (image: BuiltImage | undefined) =>
  await Promise.all((image?.layers ?? []).map(async (layer) => ({ ...layer, tar: await layer.tar() })));

describe('recipeImages', () => {
  test('gives each image its own manifest over shared layers, all of it in the pool', async () => {
    const { images } = await build(await parts('a', 'b'));
    expect(images.map(({ references }) => references)).toEqual([
      ['cpiab.dev/oci/one:1'],
      ['cpiab.dev/oci/two:2'],
    ]);
    const [one, two] = images;
    expect(one?.manifest.file.sha256).not.toBe(two?.manifest.file.sha256);
    expect(await laidOut(one)).toEqual(await laidOut(two));
    for (const image of images) {
      const manifest = JSON.parse(await readFile(image.manifest.file.path, 'utf8'));
      expect(manifest.config.digest).toBe(`sha256:${image.config.file.sha256}`);
      expect(manifest.layers.map((layer: { digest: string }) => layer.digest)).toEqual(
        image.layers.map(({ file }) => `sha256:${file.sha256}`),
      );
      const config = JSON.parse(await readFile(image.config.file.path, 'utf8'));
      expect(config.rootfs.diff_ids).toEqual(image.layers.map(({ diffId }) => diffId));
    }
  });

  test('builds once, and again when a part or a file of the recipe changed', async () => {
    const first = await build(await parts('a', 'b'));
    expect(first.cached).toBe(false);
    const again = await build(await parts('a', 'b'));
    expect(again.cached).toBe(true);
    expect(await laidOut(again.images[0])).toEqual(await laidOut(first.images[0]));
    expect((await build(await parts('A', 'b'))).cached).toBe(false);
    expect((await build(await parts('a', 'B'))).cached).toBe(false);
    expect((await build(await parts('a', 'b', 'C'))).cached).toBe(false);
    expect((await build(await parts('a', 'b', 'c', 'D'))).cached).toBe(false);
    await writeFile(join(root, 'recipe/root/etc/motd'), 'changed\n');
    expect((await build(await parts('a', 'b'))).cached).toBe(false);
  });
});
