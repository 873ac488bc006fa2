import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../contract/site.ts';
import { rejectLinksOut } from '../config/repository-file.ts';

/** Files that decide what a lock pins. The package lock and go.sum pin their own dependencies. */
const INPUTS = [
  'bundles/*.yaml',
  'images/oci/*/image.yaml',
  'images/os/*.yaml',
  'package-lock.json',
  'supply/go/programs.yaml',
  'supply/go/*/go.{mod,sum}',
];

/** SHA-256 of every input of the site's lock, by path below the repository, sorted. @throws CpiabError E1045. */
export async function lockInputs(repository: string, site: Site): Promise<Record<string, string>> {
  const paths = [`config/clusters/${site.name}.yaml`];
  for await (const path of glob(INPUTS, { cwd: repository })) paths.push(path);
  for (const path of paths) await rejectLinksOut(repository, path);
  const digests = await Promise.all(
    paths.toSorted().map(async (path) => [path, await sha256(join(repository, path))] as const),
  );
  return Object.fromEntries(digests);
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
