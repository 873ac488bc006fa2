import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cache, stableJson } from '../../host/cache.ts';
import { detectLicences } from './detect.ts';

/** Raised when the same texts give another licence than before. */
const READER = 1;

export interface GoModule {
  module: string;
  version: string;
}

/** `module@version` → SPDX expression, or NOASSERTION. */
export type GoLicences = ReadonlyMap<string, string>;

/**
 * Licences of Go modules, from the files that their authors lay beside the sources.
 * @param modules what the linker put into one program.
 * @param folder Go's module cache.
 * @param download fills it again, where somebody has emptied it since the program was compiled.
 */
export async function goLicences(
  cache: Cache,
  modules: GoModule[],
  folder: string,
  download: (scratch: string) => Promise<void>,
): Promise<GoLicences> {
  const key = { reader: READER, modules: modules.map(nameOf).toSorted() };
  const { files } = await cache.files('licences', key, async (scratch) => {
    const there = await Promise.all(modules.map((module) => namesIn(folder, module)));
    if (there.includes(null)) await download(scratch);
    const found = await Promise.all(
      modules.map(async (module) => [nameOf(module), await licenceOf(folder, module)] as const),
    );
    await writeFile(join(scratch, 'licences'), stableJson(Object.fromEntries(found)));
    return { licences: join(scratch, 'licences') };
  });
  return new Map(Object.entries(JSON.parse(await readFile(files.licences.path, 'utf8'))));
}

const nameOf = ({ module, version }: GoModule) => `${module}@${version}`;

/** Upper-case letters are written with a mark, for file systems without them. Source: golang.org/x/mod/module. */
const escaped = (path: string) => path.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);

const folderOf = (folder: string, { module, version }: GoModule) =>
  join(folder, `${escaped(module)}@${escaped(version)}`);

async function namesIn(folder: string, module: GoModule): Promise<string[] | null> {
  return await readdir(folderOf(folder, module)).catch(() => null);
}

const LICENCE_FILE = /^(?:un)?(?:licen[cs]e|copying)(?:\.(?:txt|md|rst))?$/i;

/** Several files may be a choice or hold for several parts: which of it, nobody says. */
async function licenceOf(folder: string, module: GoModule): Promise<string> {
  const names = ((await namesIn(folder, module)) ?? []).filter((name) => LICENCE_FILE.test(name));
  const texts = await Promise.all(
    names.map((name) => readFile(join(folderOf(folder, module), name), 'utf8')),
  );
  const found = new Set(texts.map((text) => detectLicences(text).join(' AND ')));
  const [only = ''] = found;
  return found.size === 1 && only !== '' ? only : 'NOASSERTION';
}
