import { CpiabError } from '../../contract/errors.ts';
import type { Site } from '../../contract/site.ts';
import type { BuildHost } from '../host.ts';
import { lockPath } from './read.ts';
import { planLock, writeLock } from './update.ts';

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
  host.progress({ type: 'note', detail: `${vanished.subject} is not on the mirror any more: locking anew` });
  const plan = await planLock(site, [], host);
  await writeLock(plan);
  host.progress({ type: 'drift', entries: plan.drift });
}
