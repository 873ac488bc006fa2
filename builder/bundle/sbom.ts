import { createHash } from 'node:crypto';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import type { SpdxDocument, SpdxPackage } from '../../contract/spdx.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { OwnLicence } from '../licences/licence.ts';

/** One package of the SBOM, before it gets its SPDX identifier. */
export interface Component {
  name: string;
  version: string;
  /** Package URL. */
  purl: string;
  /** SPDX licence expression, or NOASSERTION where the source declares none. */
  licence: string;
  /** Licences in the expression that SPDX has no identifier for. */
  ownLicences?: OwnLicence[];
  sha256?: string;
  /** Parts that it ends up in: image references and names of modules. */
  in: string[];
}

/** Something that the manifest lists by digest: an image, a module, the kernel, the repository. */
export interface BundlePart {
  /** Image reference or file name. */
  name: string;
  version: string;
  digest: Digest;
  purpose: NonNullable<SpdxPackage['primaryPackagePurpose']>;
  purl?: string;
}

export interface SbomInput {
  site: string;
  revision: string;
  lockDigest: Digest;
  /** Seconds since 1970-01-01. */
  epoch: number;
  parts: BundlePart[];
  components: Component[];
}

/**
 * An SPDX 2.3 document of what the bundle contains: the bundle contains parts, and parts contain packages.
 * @throws Error when a component is in no part that there is.
 */
export function spdxDocument({ site, revision, lockDigest, epoch, ...content }: SbomInput): SpdxDocument {
  const bundle: SpdxPackage = {
    ...unasserted,
    SPDXID: 'SPDXRef-bundle',
    name: `cpiab-${site}`,
    versionInfo: revision,
    licenseDeclared: 'NOASSERTION',
    primaryPackagePurpose: 'ARCHIVE',
  };
  const parts = content.parts.map((part) => ({ part, spdx: partPackage(part) }));
  const components = merged(content.components).map((component) => ({
    component,
    spdx: componentPackage(component),
  }));
  const byName = new Map(parts.map(({ part, spdx }) => [part.name, spdx.SPDXID]));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: site,
    documentNamespace: `https://cpiab.dev/spdx/${site}/${revision}/${lockDigest.slice(7, 23)}`,
    creationInfo: { created: isoSeconds(epoch), creators: [`Tool: cpiab-${packageJson.version}`] },
    ...ownTexts(content.components),
    packages: [bundle, ...parts.map(({ spdx }) => spdx), ...components.map(({ spdx }) => spdx)],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', bundle.SPDXID),
      ...parts.map(({ spdx }) => relation(bundle.SPDXID, 'CONTAINS', spdx.SPDXID)),
      ...components.flatMap(({ component, spdx }) =>
        component.in.map((name) => relation(partId(byName, name, component), 'CONTAINS', spdx.SPDXID)),
      ),
    ],
  };
}

/** Source: SPDX 2.3, clause 10: the text of each licence that its list lacks. */
function ownTexts(components: Component[]): Pick<SpdxDocument, 'hasExtractedLicensingInfos'> {
  const all = new Map(components.flatMap(({ ownLicences = [] }) => ownLicences.map((own) => [own.id, own])));
  if (all.size === 0) return {};
  const infos = [...all.values()].map(({ id, name, text }) => ({ licenseId: id, name, extractedText: text }));
  return { hasExtractedLicensingInfos: infos.toSorted((a, b) => (a.licenseId < b.licenseId ? -1 : 1)) };
}

type Relation = SpdxDocument['relationships'][number];

const relation = (from: string, relationshipType: Relation['relationshipType'], to: string): Relation => ({
  spdxElementId: from,
  relationshipType,
  relatedSpdxElement: to,
});

function partId(parts: Map<string, string>, name: string, { purl }: Component): string {
  const id = parts.get(name);
  if (id === undefined) throw new Error(`${purl} is said to be in ${name}, which the bundle does not have`);
  return id;
}

/** Each package once, with every part that it is in: two sources may name the same one. */
function merged(components: Component[]): Component[] {
  const all = new Map<string, Component>();
  for (const component of components) {
    const known = all.get(component.purl);
    const places = new Set([...(known?.in ?? []), ...component.in]);
    all.set(component.purl, { ...(known ?? component), in: [...places].toSorted() });
  }
  return [...all.values()];
}

/** Nothing is claimed that nobody looked at. Source: SPDX 2.3, NOASSERTION. */
const unasserted = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  licenseConcluded: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
} as const;

function partPackage({ name, version, digest, purpose, purl }: BundlePart): SpdxPackage {
  return {
    ...unasserted,
    SPDXID: identifier(name, `${name}@${digest}`),
    name,
    versionInfo: version,
    licenseDeclared: 'NOASSERTION',
    primaryPackagePurpose: purpose,
    checksums: [{ algorithm: 'SHA256', checksumValue: hexOf(digest) }],
    ...(purl !== undefined && { externalRefs: reference(purl) }),
  };
}

function componentPackage({ name, version, purl, licence, sha256 }: Component): SpdxPackage {
  return {
    ...unasserted,
    SPDXID: identifier(purl.replace(/^pkg:/, ''), purl),
    name,
    versionInfo: version,
    licenseDeclared: licence,
    ...(sha256 !== undefined && { checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }] }),
    externalRefs: reference(purl),
  };
}

const reference = (purl: string): NonNullable<SpdxPackage['externalRefs']> => [
  { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl },
];

/** Unique: what SPDX allows of a name, and eight digits that tell it from one that differs elsewhere. */
function identifier(name: string, unique: string): string {
  const readable = name.replaceAll(/[^A-Za-z0-9.]+/g, '-');
  return `SPDXRef-${readable}-${createHash('sha256').update(unique).digest('hex').slice(0, 8)}`;
}

const isoSeconds = (epoch: number) => new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
