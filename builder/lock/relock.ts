import { CpiabError } from '../../contract/errors.ts';
import { tracked } from '../../contract/progress.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { lockPath } from './read.ts';
import { updateLock, type VersionChange } from './update.ts';

/**
 * Locks the site anew because its mirror has dropped a package, and reports what is another version now.
 * Debian's packages depend on each other's versions, so all of them are resolved again.
 * @param vanished the error E3001 about the first such package.
 * @param frozen whether the lock may not change.
 * @throws CpiabError E3008 when it may not.
 */
export async function relock(
  vanished: CpiabError,
  frozen: boolean,
  site: Site,
  host: BuildHost,
): Promise<void> {
  if (frozen) {
    const subject = lockPath(host.repository, site.name);
    throw new CpiabError('E3008', { subject, args: [vanished.subject], cause: vanished });
  }
  await tracked(
    host.progress,
    { id: 'relock', title: `relock: ${vanished.subject} is not on the mirror any more` },
    () => updateLock(site, [], host),
    ({ changes }) => ({ detail: drift(changes) }),
  );
}

/** What changed, for people: name, what it was, what it is. */
export function drift(changes: readonly VersionChange[]): string {
  return changes
    .map(({ name, before, after }) => `${name}: ${before ?? 'new'} → ${after ?? 'gone'}`)
    .join(', ');
}
