import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Objects of a push that was never taken. Source: git, tmp-objdir.c and pack-write.c. */
const CUT_OFF = /^(?:tmp_objdir-|tmp_(?:pack|idx|obj|rev)_)/;

/**
 * Removes what a push leaves that was cut off by a power cut: its objects, which nobody refers to, and the locks
 * that would keep every later push out. Only for a time when no git works on the repository.
 */
export async function removeLeftovers(repository: string): Promise<void> {
  const objects = join(repository, 'objects');
  const found = [
    ...(await named(objects, (name) => CUT_OFF.test(name), false)),
    ...(await named(join(objects, 'pack'), (name) => CUT_OFF.test(name), false)),
    ...(await named(repository, (name) => name.endsWith('.lock'), false)),
    ...(await named(join(repository, 'refs'), (name) => name.endsWith('.lock'), true)),
  ];
  await Promise.all(found.map((path) => rm(path, { recursive: true, force: true })));
}

async function named(
  directory: string,
  isIt: (name: string) => boolean,
  recursive: boolean,
): Promise<string[]> {
  const entries = await readdir(directory, { recursive, withFileTypes: true });
  return entries.filter(({ name }) => isIt(name)).map(({ parentPath, name }) => join(parentPath, name));
}
