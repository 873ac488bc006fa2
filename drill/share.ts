import { createHash, randomBytes } from 'node:crypto';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureDirectory, sha256File } from '../host/files.ts';
import { giveToNobody } from './netns/programs.ts';

/** Writes files that were there before the drill; their content is chance, so that no two are alike. */
export async function fillShare(
  directory: string,
  { number, kilobytes, folders }: { number: number; kilobytes: number; folders: number },
): Promise<void> {
  await ensureDirectory(directory);
  for (let index = 1; index <= number; index++) {
    const path = join(directory, folderOf(index, folders), `document-${String(index).padStart(4, '0')}`);
    if (await stat(path).catch(() => null)) continue;
    await ensureOwned(dirname(path), directory);
    await writeFile(path, randomBytes(kilobytes * 1024));
    await giveToNobody(path);
  }
}

/** Every third folder lies in the one before. */
function folderOf(index: number, folders: number): string {
  if (folders === 0) return '';
  const number = index % folders;
  const name = (of: number) => `folder-${String(of).padStart(3, '0')}`;
  return number % 3 === 2 ? join(name(number - 1), name(number)) : name(number);
}

async function ensureOwned(path: string, root: string): Promise<void> {
  if (path === root) return;
  await ensureOwned(dirname(path), root);
  await giveToNobody(await ensureDirectory(path));
}

/** SHA-256 of every file, by its path in the share. */
export async function hashShare(directory: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const name of (await readdir(directory, { recursive: true })).toSorted()) {
    const path = join(directory, name);
    // rsync writes beside the file, by a name with a dot, and renames it.
    if (basename(name).startsWith('.') || !(await stat(path).catch(() => null))?.isFile()) continue;
    hashes.set(name, (await sha256File(path)).sha256);
  }
  return hashes;
}

/** One SHA-256 over names and contents. */
export function hashOf(hashes: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const [name, sha256] of [...hashes].toSorted()) hash.update(`${sha256}  ${name}\n`);
  return hash.digest('hex');
}
