import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { fileError } from '../../host/input-file.ts';

/**
 * What decides a build is in the commit: a link to elsewhere is there, what it leads to is not.
 * @param path below the repository.
 * @throws CpiabError E1045, E1033 links in a circle, E1006 not there.
 */
export async function rejectLinksOut(repository: string, path: string): Promise<void> {
  const [root, target] = await Promise.all([realpath(repository), realpath(join(repository, path))]).catch(
    (cause: unknown) => {
      throw fileError(cause, path);
    },
  );
  const inside = relative(root, target);
  if (inside === '..' || inside.startsWith('../'))
    throw new CpiabError('E1045', { subject: path, args: [target] });
}
