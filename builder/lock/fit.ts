import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { hasBox, type Site } from '../../contract/site.ts';

/**
 * Refuses a lock that says it is current, but lacks what every lock of the site has: one that was edited, or
 * put together of two by a merge.
 * @param subject where the lock is.
 * @throws CpiabError E1061.
 */
export function requireFit({ site: name, debian, upstream }: Lock, site: Site, subject: string): void {
  const unfit = (what: string) => new CpiabError('E1061', { subject, args: [what, site.name] });
  if (name !== site.name) throw unfit(`it is of site ${name}`);
  const standIn = standInOf(upstream, site);
  if (standIn !== undefined) throw unfit(`it has a stand-in for ${standIn}, and the site is no rehearsal`);
  for (const set of hasBox(site) ? ['os', 'build'] : ['build'])
    if (debian.sets[set] === undefined) throw unfit(`it has no packages of set ${set}`);
  const known = new Set(debian.packages.map((deb) => deb.name));
  for (const [set, names] of Object.entries(debian.sets)) {
    const missing = names.find((each) => !known.has(each));
    if (missing !== undefined) throw unfit(`it does not pin ${missing} of set ${set}`);
  }
}

/** An image that a site which is no rehearsal may not have. */
const standInOf = (upstream: Lock['upstream'], { rehearsal }: Site) =>
  rehearsal ? undefined : upstream.find(({ standIn }) => standIn)?.reference;
