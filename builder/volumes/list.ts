import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { indexedMedium, indexName } from '../../contract/chunk-index.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles } from '../../contract/layout.ts';
import { parseVolumeName, type Volume } from '../../contract/volumes.ts';
import { requireFile } from '../../host/input-file.ts';
import { indexPath } from './chunk-index.ts';

/** What the names of some files say of one medium. Nothing here is read or trusted yet. */
export interface Listed {
  medium: string;
  /** Where its index should lie, and does or doesn't: beside each of its files. */
  indexes: Set<string>;
  files: { path: string; volume: Volume | null }[];
}

export interface Listing {
  media: Listed[];
  /** Whether somebody named a directory, which should then hold all of a medium. */
  wantsAll: boolean;
}

/**
 * Sorts files by the medium they belong to. Of a directory: volumes, indexes, and media that have an index.
 * @throws CpiabError what `requireFile` throws, unless a file may lack; E2401 for a directory without parts.
 */
export async function listParts(
  paths: readonly string[],
  { mayLack = false }: { mayLack?: boolean } = {},
): Promise<Listing> {
  const media = new Map<string, Listed>();
  let wantsAll = false;
  for (const path of paths) {
    const { files, isDirectory } = await filesAt(path, mayLack);
    wantsAll ||= isDirectory;
    if (files.length === 0) throw new CpiabError('E2401', { subject: path, args: [indexName('MEDIUM')] });
    for (const file of files) add(media, file);
  }
  return { media: [...media.values()], wantsAll };
}

async function filesAt(path: string, mayLack: boolean): Promise<{ files: string[]; isDirectory: boolean }> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return { files: await partsIn(path), isDirectory: true };
  if (found !== null || !mayLack) await requireFile(path);
  return { files: [path], isDirectory: false };
}

/** Whether a path's name says that it is a volume or an index, or it is a directory of such and no bundle. */
export async function isPart(path: string): Promise<boolean> {
  if (parseVolumeName(basename(path)) !== null || indexedMedium(basename(path)) !== null) return true;
  const found = await stat(path).catch(() => null);
  if (!found?.isDirectory()) return false;
  const bundle = await stat(join(path, bundleFiles.ociLayout)).catch(() => null);
  return bundle === null && (await partsIn(path)).length > 0;
}

async function partsIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => name);
  const indexed = new Set(names.map(indexedMedium));
  return names
    .filter((name) => parseVolumeName(name) !== null || indexedMedium(name) !== null || indexed.has(name))
    .toSorted()
    .map((name) => join(directory, name));
}

function add(media: Map<string, Listed>, path: string): void {
  const name = basename(path);
  const volume = parseVolumeName(name);
  const indexed = indexedMedium(name);
  // A shell's `*` names signatures too.
  if (indexedMedium(name.replace(/\.minisig$/, '')) !== null && indexed === null) return;
  const medium = volume?.medium ?? indexed ?? name;
  const listed = media.get(medium) ?? { medium, indexes: new Set(), files: [] };
  media.set(medium, listed);
  listed.indexes.add(indexPath(dirname(path), medium));
  if (indexed !== null) return;
  listed.files.push({ path, volume: volume && { number: volume.number, of: volume.of } });
}
