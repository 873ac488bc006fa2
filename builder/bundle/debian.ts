import type { DebianPackage, Lock } from '../../contract/lock.ts';
import type { Component } from './sbom.ts';

/** Sets of build tools: nothing of them is on a medium. */
const TOOLS = new Set(['build', 'go']);

/** Which parts of the bundle a set of the lock ends up in: image references and names of modules. */
export type PartsOfSet = (set: string) => string[];

/** Debian packages of the lock that end up on the medium, with the sets that ask for them. */
export function carriedDebian(lock: Lock): { deb: DebianPackage; sets: string[] }[] {
  const users = new Map<string, string[]>();
  for (const [set, names] of Object.entries(lock.debian.sets)) {
    if (TOOLS.has(set)) continue;
    for (const name of names) users.set(name, [...(users.get(name) ?? []), set]);
  }
  return lock.debian.packages
    .filter((deb) => users.has(deb.name))
    .map((deb) => ({ deb, sets: users.get(deb.name) ?? [] }));
}

export function debianComponents(lock: Lock, partsOf: PartsOfSet): Component[] {
  return carriedDebian(lock).map(({ deb, sets }) => ({
    name: deb.name,
    version: deb.version,
    purl: debianPurl(deb),
    licence: 'NOASSERTION',
    sha256: deb.sha256,
    in: sets.flatMap(partsOf),
  }));
}

/** Source: the purl specification, type deb. */
export const debianPurl = ({ name, version, arch }: Pick<DebianPackage, 'name' | 'version' | 'arch'>) =>
  `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}`;
