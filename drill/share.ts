import { createHash, randomBytes } from 'node:crypto';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDirectory, sha256File } from '../host/files.ts';
import { giveToNobody } from './netns/programs.ts';

/** Writes files that were there before the drill; their content is chance, so that no two are alike. */
export async function fillShare(
  directory: string,
  { number, kilobytes }: { number: number; kilobytes: number },
): Promise<void> {
  await ensureDirectory(directory);
  for (let index = 1; index <= number; index++) {
    const path = join(directory, `document-${String(index).padStart(4, '0')}`);
    if (await stat(path).catch(() => null)) continue;
    await writeFile(path, randomBytes(kilobytes * 1024));
    await giveToNobody(path);
  }
}

/** SHA-256 of every file, by name. */
export async function hashShare(directory: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const name of (await readdir(directory)).toSorted()) {
    // rsync writes beside the file, by a name with a dot, and renames it.
    if (!name.startsWith('.')) hashes.set(name, (await sha256File(join(directory, name))).sha256);
  }
  return hashes;
}

/** One SHA-256 over names and contents. */
export function hashOf(hashes: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const [name, sha256] of [...hashes].toSorted()) hash.update(`${sha256}  ${name}\n`);
  return hash.digest('hex');
}
