import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type BuiltRecipe, buildImage } from '../../../builder/fetch/oci-image.ts';
import { type ImageRecipe, ImageRecipeSchema } from '../../../contract/image.ts';
import { removeTree } from '../../support/remove-tree.ts';

const run = promisify(execFile);
const epoch = 1_763_000_000;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'oci-image-'));
});
afterEach(async () => {
  await removeTree(root);
});

const busybox = async (): Promise<ImageRecipe> =>
  ImageRecipeSchema.parse(
    parse(await readFile(join(import.meta.dirname, '../../../images/oci/busybox/image.yaml'), 'utf8')),
  );

/** What unpacking Debian's busybox-static gives, for whoever does it with this umask at this time. */
async function unpacked(name: string, umask: number, time: Date): Promise<string> {
  const directory = join(root, name);
  const old = process.umask(umask);
  try {
    const files = {
      'usr/bin/busybox': 'ELF, not really\n',
      'usr/share/doc/busybox-static/copyright': 'GPL-2\n',
    };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(directory, path, '..'), { recursive: true });
      await writeFile(join(directory, path), content);
      await utimes(join(directory, path), time, time);
    }
    await chmod(join(directory, 'usr/bin/busybox'), 0o777 & ~umask);
  } finally {
    process.umask(old);
  }
  return directory;
}

function build(recipe: ImageRecipe, debian: string, out: string): Promise<BuiltRecipe> {
  const inputs = {
    folder: join(root, 'recipe'),
    program: () => Promise.resolve(join(root, 'program')),
    node: () => Promise.resolve(join(root, 'program')),
    script: () => Promise.resolve(join(root, 'program')),
    debian: () => Promise.resolve(debian),
  };
  return buildImage(recipe, inputs, join(root, out), epoch);
}

/** The blobs as an OCI image layout that other tools read. */
async function layout(built: BuiltRecipe): Promise<string> {
  const directory = join(root, 'layout');
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const [image] = built.images;
  if (image === undefined) throw new Error('the recipe gave no image');
  const { mediaType, digest, size } = image.manifest;
  const manifests = [{ mediaType, digest, size, annotations: { 'org.opencontainers.image.ref.name': 'it' } }];
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  for (const { path, digest } of [image.manifest, image.config, ...built.layers.map(({ blob }) => blob)]) {
    await symlink(path, join(directory, 'blobs', digest.replace(':', '/')));
  }
  return directory;
}

describe('buildImage', () => {
  test('gives the same bytes from another directory, umask, time and order of creation', async () => {
    const recipe = await busybox();
    const one = await build(recipe, await unpacked('a', 0o022, new Date(0)), 'one');
    const two = await build(recipe, await unpacked('b', 0o077, new Date()), 'two');
    expect(two.images.map(({ manifest }) => manifest.digest)).toEqual(
      one.images.map(({ manifest }) => manifest.digest),
    );
    expect(two.layers.map(({ diffId }) => diffId)).toEqual(one.layers.map(({ diffId }) => diffId));
    expect((await readdir(join(root, 'one'))).toSorted()).toEqual(
      (await readdir(join(root, 'two'))).toSorted(),
    );
  });

  test('gives other bytes when a file changed', async () => {
    const recipe = await busybox();
    const tree = await unpacked('a', 0o022, new Date(0));
    const before = await build(recipe, tree, 'one');
    await writeFile(join(tree, 'usr/bin/busybox'), 'another\n');
    const after = await build(recipe, tree, 'two');
    expect(after.images[0]?.manifest.digest).not.toBe(before.images[0]?.manifest.digest);
  });

  test('is an image that skopeo reads, copies and checks', async () => {
    const built = await build(await busybox(), await unpacked('a', 0o022, new Date(0)), 'one');
    const image = `oci:${await layout(built)}:it`;
    const { stdout } = await run('skopeo', ['inspect', image]);
    expect(JSON.parse(stdout)).toMatchObject({
      Digest: built.images[0]?.manifest.digest,
      Created: new Date(epoch * 1000).toISOString().replace('.000', ''),
      Architecture: 'amd64',
      Os: 'linux',
      Env: ['PATH=/usr/bin'],
      Labels: { 'dev.cpiab.supply': 'source', 'org.opencontainers.image.version': '1.37.0' },
    });
    await run('skopeo', ['copy', '--insecure-policy', image, `oci:${join(root, 'copied')}:it`]);
  });

  test('writes a layer that tar reads: plain modes, owners, links and times', async () => {
    const built = await build(await busybox(), await unpacked('a', 0o077, new Date()), 'one');
    const [layer] = built.layers;
    if (layer === undefined) throw new Error('the recipe gave no layer');
    const tar = zstdDecompressSync(await readFile(layer.blob.path));
    expect(tar.equals(await readFile(layer.tar))).toBe(true);
    expect(layer.diffId).toBe(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
    const list = await run('tar', ['--numeric-owner', '--full-time', '--utc', '-tvf', layer.tar]);
    const time = new Date(epoch * 1000).toISOString().slice(0, 19).replace('T', ' ');
    const lines = list.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).join(' '));
    expect(lines).toContain(`-rwxr-xr-x 0/0 16 ${time} usr/bin/busybox`);
    expect(lines).toContain(`lrwxrwxrwx 0/0 0 ${time} usr/bin/sh -> busybox`);
    expect(lines).toContain(`drwxrwxrwt 0/0 0 ${time} tmp/`);
    expect(lines.filter((line) => !line.includes(time))).toEqual([]);
  });

  test('keeps names that a plain tar header cannot hold', async () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(180)}`;
    await mkdir(join(root, 'recipe/root', long, '..'), { recursive: true });
    await writeFile(join(root, 'recipe/root', long), 'x');
    const recipe = ImageRecipeSchema.parse({ ...(await busybox()), layers: [[{ files: 'root' }]] });
    const built = await build(recipe, '', 'one');
    const { stdout } = await run('tar', ['-tf', built.layers[0]?.tar ?? '']);
    expect(stdout.trim().split('\n')).toEqual([`${'d'.repeat(120)}/`, long]);
  });

  test('refuses a file that the package has not, naming the recipe and the pattern', async () => {
    const tree = await unpacked('a', 0o022, new Date(0));
    await rm(join(tree, 'usr/bin/busybox'));
    await expect(build(await busybox(), tree, 'one')).rejects.toMatchObject({
      code: 'E3006',
      message: expect.stringContaining('usr/bin/busybox'),
    });
  });

  test('refuses two sources for one path', async () => {
    const twice = { links: ['/usr/bin/busybox'], to: 'x' };
    const recipe = await busybox();
    const clash = ImageRecipeSchema.parse({ ...recipe, layers: [[...(recipe.layers[0] ?? []), twice]] });
    await expect(build(clash, await unpacked('a', 0o022, new Date(0)), 'one')).rejects.toMatchObject({
      code: 'E3006',
    });
  });
});
