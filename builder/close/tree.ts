import { mkdir, readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { AppSchema } from '../../contract/app.ts';
import { CpiabError } from '../../contract/errors.ts';
import { run } from '../../host/process.ts';
import { readYaml } from '../config/read-yaml.ts';
import { rejectLinksOut } from '../config/repository-file.ts';

/** What of the repository Flux can see. */
const FOLDER = 'cluster';

/**
 * Checks out the part of a commit that Flux can see: what the box serves is what is committed.
 * @param directory gets the tree; made here.
 * @throws CpiabError E1058 when it has no such part.
 */
export async function checkOut(
  gitDir: string,
  commit: string,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const archive = `${directory}.tar`;
  const found = await run(['git', '--git-dir', gitDir, 'ls-tree', commit, '--', FOLDER], { signal });
  if (found.stdout === '') throw new CpiabError('E1058', { subject: commit, args: [FOLDER] });
  await run(['git', '--git-dir', gitDir, 'archive', '--format=tar', `--output=${archive}`, commit, FOLDER], {
    signal,
  });
  await run(['tar', '--extract', '--file', archive, '--directory', directory], { signal });
}

/** Folders of apps that are of no use offline and say so. @throws CpiabError what `readYaml` throws of an app.yaml. */
export async function optionalApps(tree: string): Promise<Set<string>> {
  const entries = await readdir(join(tree, FOLDER), { recursive: true, withFileTypes: true });
  const found = new Set<string>();
  for (const { parentPath } of entries.filter(({ name }) => name === 'app.yaml')) {
    const folder = posix.relative(tree, parentPath);
    await rejectLinksOut(tree, `${folder}/app.yaml`);
    const { content: app } = await readYaml(join(parentPath, 'app.yaml'), AppSchema, `${folder}/app.yaml`);
    if (app.internet === 'optional') found.add(folder);
  }
  return found;
}
