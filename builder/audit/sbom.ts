import { describedRoles } from '../../contract/artifacts.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Digest, Manifest } from '../../contract/manifest.ts';
import type { SpdxDocument, SpdxPackage } from '../../contract/spdx.ts';
import type { Check } from './check.ts';

type Found = (problem: CpiabError) => void;
const BUNDLE = 'SPDXRef-bundle';

/** The bill of materials is SPDX 2.3, describes every part of the manifest and no other, and contradicts itself nowhere. */
export const sbomCheck: Check = {
  name: 'sbom',
  run: async ({ medium, manifest, documents }, found) => {
    const { document, digest } = await documents.sbom();
    const subject = `${medium.path}: sbom`;
    const parts = partsOf(manifest);
    compareParts(document, parts, subject, found);
    for (const what of contradictions(document)) found(new CpiabError('E2119', { subject, args: [what] }));
    const count = document.packages.length;
    return { says: `SPDX 2.3, ${parts.size} parts with ${count - parts.size - 1} packages`, count, digest };
  },
};

/** What has to be described: images and charts by reference and digest, the rest by digest alone. */
function partsOf({ images, charts, blobs }: Manifest): Map<string, Digest> {
  const files = blobs.filter(({ role }) => describedRoles.has(role));
  return new Map([
    ...Object.entries({ ...images, ...charts }),
    ...files.map(({ digest }): [string, Digest] => [digest, digest]),
  ]);
}

function compareParts(document: SpdxDocument, parts: Map<string, Digest>, subject: string, found: Found) {
  const described = containedBy(document, BUNDLE);
  const digestOf = ({ checksums }: SpdxPackage) => `sha256:${checksums?.[0].checksumValue ?? ''}`;
  const names = new Set(described.flatMap((part) => [`${part.name} ${digestOf(part)}`, digestOf(part)]));
  for (const [name, digest] of parts) {
    if (!names.has(name === digest ? digest : `${name} ${digest}`))
      found(new CpiabError('E2118', { subject: name }));
  }
  const known = new Set<string>(parts.values());
  for (const part of described) {
    if (!known.has(digestOf(part)))
      found(
        new CpiabError('E2119', { subject, args: [`it describes ${part.name}, which the manifest lacks`] }),
      );
  }
}

function containedBy({ packages, relationships }: SpdxDocument, holder: string) {
  const inside = new Set(
    relationships
      .filter(
        ({ spdxElementId, relationshipType }) => spdxElementId === holder && relationshipType === 'CONTAINS',
      )
      .map(({ relatedSpdxElement }) => relatedSpdxElement),
  );
  return packages.filter(({ SPDXID }) => inside.has(SPDXID));
}

/** Each identifier is there once, each relation leads from and to one that is there, and each package is in something. */
function* contradictions(document: SpdxDocument): Generator<string> {
  const { packages, relationships } = document;
  const known = new Set(['SPDXRef-DOCUMENT']);
  for (const { SPDXID, name } of packages) {
    if (known.has(SPDXID)) yield `${name} has the identifier of another, ${SPDXID}`;
    known.add(SPDXID);
  }
  for (const { spdxElementId, relatedSpdxElement } of relationships) {
    const missing = [spdxElementId, relatedSpdxElement].find((id) => !known.has(id));
    if (missing !== undefined) yield `a relation names ${missing}, which is not in it`;
  }
  const held = new Set(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement));
  for (const { SPDXID, name } of packages) if (!held.has(SPDXID)) yield `${name} is in nothing`;
  yield* licenceContradictions(document);
}

/** Each licence of its own has its text, and each such text is of a licence that a package has. */
function* licenceContradictions({
  packages,
  hasExtractedLicensingInfos = [],
}: SpdxDocument): Generator<string> {
  const used = new Set(
    packages.flatMap(({ licenseDeclared }) => licenseDeclared.match(/LicenseRef-[\w.-]+/g) ?? []),
  );
  const texts = new Set(hasExtractedLicensingInfos.map(({ licenseId }) => licenseId));
  for (const licence of used) if (!texts.has(licence)) yield `${licence} has no text`;
  for (const licence of texts) if (!used.has(licence)) yield `no package has ${licence}`;
}
