import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Program } from '../../contract/programs.ts';
import type { Cache } from '../../host/cache.ts';
import { goFolder } from './programs.ts';

/** Modules that go.sum files name, each once, and those that would have to be fetched. */
export interface ModuleCount {
  all: number;
  missing: number;
}

/** Looks which modules of the programs are in Go's module cache. Sources: Go Modules Reference, go.sum files, module cache. */
export async function countModules(
  programs: readonly Program[],
  repository: string,
  cache: Cache,
): Promise<ModuleCount> {
  const sums = await Promise.all(
    programs.map(({ dir }) => readFile(join(repository, goFolder, dir, 'go.sum'), 'utf8')),
  );
  const archives = new Set(sums.flatMap((text) => text.split('\n').flatMap(archivePath)));
  const folder = join(cache.root, 'go', 'mod', 'cache', 'download');
  const there = await Promise.all([...archives].map((path) => isThere(join(folder, path))));
  return { all: archives.size, missing: there.filter((found) => !found).length };
}

/** Where the cache has the archive that a line is about; lines about a go.mod alone have none. */
function archivePath(line: string): string[] {
  const [module, version] = line.split(' ');
  if (module === undefined || version === undefined || version.endsWith('/go.mod')) return [];
  return [join(escaped(module), '@v', `${escaped(version)}.zip`)];
}

/** Capital letters, for file systems that know no difference. */
const escaped = (text: string) => text.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);

const isThere = async (path: string) =>
  await access(path).then(
    () => true,
    () => false,
  );
