import type { Lock } from '../../contract/lock.ts';
import type { CachedFile } from '../../host/cache.ts';
import { carriedDebian, debianComponents } from '../bundle/debian.ts';
import type { Component } from '../bundle/sbom.ts';
import type { BuildHost } from '../host.ts';
import { packageLicence, rootLicences } from '../licences/debian.ts';
import type { DebStore } from './debs.ts';
import type { Placement } from './placement.ts';

/**
 * Debian packages of the lock that are on the medium, with what their copyright files say.
 * @param base root file system of the box's packages, a tar; null for a site without a box.
 */
export async function licensedDebian(
  { lock, debs, placement }: { lock: Lock; debs: DebStore; placement: Placement },
  base: CachedFile | null,
  host: BuildHost,
): Promise<Component[]> {
  const inRoot = base === null ? new Map<string, never>() : await rootLicences(host.cache, base);
  const packages = new Map(carriedDebian(lock).map(({ deb }) => [deb.name, deb]));
  const licensed: Component[] = [];
  for (const component of debianComponents(lock, placement.set)) {
    const deb = packages.get(component.name);
    const unpack = (directory: string) => debs.unpack(debs.file(component.name), directory);
    const known = inRoot.get(component.name);
    const found = known ?? (deb && (await packageLicence(host.cache, deb, unpack)));
    licensed.push(
      found === undefined ? component : { ...component, licence: found.expression, ownLicences: found.own },
    );
  }
  return licensed;
}
