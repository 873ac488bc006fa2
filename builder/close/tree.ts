import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parse } from 'yaml';
import { AppSchema } from '../../contract/app.ts';
import { CpiabError } from '../../contract/errors.ts';
import { run } from '../../host/process.ts';

/** What of the repository Flux can see. */
const FOLDER = 'cluster';

/**
 * Checks out the part of a commit that Flux can see: what the box serves is what is committed.
 * @param directory gets the tree; made here.
 */
export async function checkOut(
  gitDir: string,
  commit: string,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const archive = `${directory}.tar`;
  await run(['git', '--git-dir', gitDir, 'archive', '--format=tar', `--output=${archive}`, commit, FOLDER], {
    signal,
  });
  await run(['tar', '--extract', '--file', archive, '--directory', directory], { signal });
}

/** Folders of apps that are of no use offline and say so. @throws CpiabError E1004 for an app.yaml that isn't one. */
export async function optionalApps(tree: string): Promise<Set<string>> {
  const entries = await readdir(join(tree, FOLDER), { recursive: true, withFileTypes: true });
  const found = new Set<string>();
  for (const { parentPath } of entries.filter(({ name }) => name === 'app.yaml')) {
    const folder = posix.relative(tree, parentPath);
    const app = AppSchema.safeParse(parse(await readFile(join(parentPath, 'app.yaml'), 'utf8')));
    if (!app.success) throw new CpiabError('E1004', { subject: `${folder}/app.yaml`, cause: app.error });
    if (app.data.internet === 'optional') found.add(folder);
  }
  return found;
}
