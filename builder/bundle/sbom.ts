import { createHash } from 'node:crypto';
import type { DebianPackage, Lock } from '../../contract/lock.ts';

/** One package of the SBOM, before it gets its SPDX identifier. */
export interface Component {
  name: string;
  version: string;
  /** Package URL. */
  purl: string;
  /** SPDX licence expression, or NOASSERTION where the source declares none. */
  licence: string;
  sha256?: string;
  /** Where it ends up: module or image names. */
  in: string[];
}

/**
 * An SPDX 2.3 document of what the bundle contains.
 * @param components every package that ends up on the medium.
 * @param name document name, unique with the revision.
 */
export function spdxDocument(name: string, revision: string, epoch: number, components: Component[]): object {
  const packages = components.map(spdxPackage);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://cpiab.dev/spdx/${name}/${revision}`,
    creationInfo: { created: isoSeconds(epoch), creators: ['Tool: cpiab'] },
    packages,
    relationships: packages.map(({ SPDXID }) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: SPDXID,
    })),
  };
}

function spdxPackage(component: Component) {
  return {
    SPDXID: identifier(component.purl),
    name: component.name,
    versionInfo: component.version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: component.licence,
    copyrightText: 'NOASSERTION',
    comment: `in ${component.in.join(', ')}`,
    ...(component.sha256 === undefined
      ? {}
      : { checksums: [{ algorithm: 'SHA256', checksumValue: component.sha256 }] }),
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: component.purl },
    ],
  };
}

/** Unique: what SPDX allows of the package URL, and eight digits that tell it from one that differs elsewhere. */
function identifier(purl: string): string {
  const readable = purl.replace(/^pkg:/, '').replaceAll(/[^A-Za-z0-9.]+/g, '-');
  return `SPDXRef-${readable}-${createHash('sha256').update(purl).digest('hex').slice(0, 8)}`;
}

/** Debian packages of the sets that end up on the medium; build tools don't. */
export function debianComponents(lock: Lock): Component[] {
  const users = new Map<string, string[]>();
  for (const [set, names] of Object.entries(lock.debian.sets)) {
    if (set === 'build' || set === 'go') continue;
    for (const name of names) users.set(name, [...(users.get(name) ?? []), set]);
  }
  return lock.debian.packages
    .filter((deb) => users.has(deb.name))
    .map((deb) => debianComponent(deb, users.get(deb.name) ?? []));
}

function debianComponent(deb: DebianPackage, sets: string[]): Component {
  return {
    name: deb.name,
    version: deb.version,
    purl: `pkg:deb/debian/${deb.name}@${encodeURIComponent(deb.version)}?arch=${deb.arch}`,
    licence: 'NOASSERTION',
    sha256: deb.sha256,
    in: sets,
  };
}

const isoSeconds = (epoch: number) => new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
