import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleSetsOf, type Site } from '../../contract/site.ts';
import { stableJson } from '../../host/cache.ts';
import { rejectLinksOut } from '../config/repository-file.ts';
import { readCarried } from '../fetch/carried.ts';
import { goFolder } from '../fetch/programs.ts';

/**
 * SHA-256 of what decides what the site's lock pins, by path below the repository, sorted; of `programs.yaml` by
 * program. The package lock and go.sum pin their own dependencies. What the site does not carry is no input.
 * @throws CpiabError E1045, what `readYaml` throws.
 */
export async function lockInputs(repository: string, site: Site): Promise<Record<string, string>> {
  const first = [
    `config/clusters/${site.name}.yaml`,
    ...bundleSetsOf(site).map((name) => `bundles/${name}.yaml`),
    'package-lock.json',
  ];
  for await (const path of glob('images/os/*.yaml', { cwd: repository })) first.push(path);
  await rejectAll(repository, first);
  const { recipes, programs } = await readCarried(repository, site);
  const further = [
    ...recipes.map(({ name }) => `images/oci/${name}/image.yaml`),
    ...programs.flatMap(({ dir }) => ['go.mod', 'go.sum'].map((name) => join(goFolder, dir, name))),
  ];
  await rejectAll(repository, further);
  const paths = [...new Set([...first, ...further])];
  const digests = [
    ...(await Promise.all(
      paths.map(async (path) => [path, sha256(await readFile(join(repository, path)))] as const),
    )),
    ...programs.map(
      (program) => [`${goFolder}/programs.yaml#${program.name}`, sha256(stableJson(program))] as const,
    ),
  ];
  return Object.fromEntries(digests.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function rejectAll(repository: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) await rejectLinksOut(repository, path);
}

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
