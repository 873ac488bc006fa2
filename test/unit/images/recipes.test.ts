import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkVersions } from '../../../builder/fetch/image-version.ts';
import { npmVersions } from '../../../builder/fetch/npm-versions.ts';
import { isReference } from '../../../builder/lock/upstream.ts';
import { AppSchema } from '../../../contract/app.ts';
import { BundleSetSchema } from '../../../contract/bundle-set.ts';
import { ImageRecipeSchema } from '../../../contract/image.ts';
import { ProgramsSchema } from '../../../contract/programs.ts';

const repository = join(import.meta.dirname, '../../..');
const read = async (path: string): Promise<unknown> => parse(await readFile(join(repository, path), 'utf8'));

const recipes = await readdir(join(repository, 'images/oci'));
const sets = await readdir(join(repository, 'bundles'));
const programs = ProgramsSchema.parse(await read('supply/go/programs.yaml'));
const outputs = programs.flatMap((program) => program.outputs.map(({ bin }) => bin));

function moduleVersion(program: string, module: string): string | null {
  const modules = programs.find(({ name }) => name === program)?.modules ?? [];
  return modules.find((one) => one.module === module)?.version ?? null;
}

describe('image recipes', () => {
  test.each(recipes)('%s is a valid recipe named after its folder', async (name) => {
    expect(ImageRecipeSchema.parse(await read(`images/oci/${name}/image.yaml`)).name).toBe(name);
  });

  test.each(recipes)('%s takes only Go programs that are compiled', async (name) => {
    const recipe = ImageRecipeSchema.parse(await read(`images/oci/${name}/image.yaml`));
    const taken = recipe.layers.flat().flatMap((source) => ('go' in source ? [source.go] : []));
    expect(outputs).toEqual(expect.arrayContaining(taken));
  });

  test.each(recipes)('%s carries the version of the module or npm package it is made of', async (name) => {
    const recipe = ImageRecipeSchema.parse(await read(`images/oci/${name}/image.yaml`));
    const compiled = recipe.images.filter(({ version }) => !('debian' in version));
    const npm = await npmVersions(repository);
    const versions = { module: moduleVersion, npm: (of: string) => npm.get(of) ?? null, debian: () => null };
    checkVersions({ ...recipe, images: compiled }, versions);
  });
});

describe('bundle sets', () => {
  test.each(sets)('%s names images, programs and apps that exist', async (file) => {
    const set = BundleSetSchema.parse(await read(`bundles/${file}`));
    expect(`${set.name}.yaml`).toBe(file);
    expect(recipes).toEqual(expect.arrayContaining(set.images.filter((entry) => !isReference(entry))));
    expect(programs.map(({ name }) => name)).toEqual(expect.arrayContaining(set.programs));
    for (const path of set.apps) {
      const app = AppSchema.parse(await read(`cluster/kubernetes/${path}/app.yaml`));
      expect(path.endsWith(`/${app.name}`)).toBe(true);
      expect(app.bundle).toBe(set.name);
    }
  });
});
