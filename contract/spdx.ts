import { z } from 'zod';

/** Source: SPDX 2.3, clause 7.2 and annex A: letters, numbers, `.` and `-` after the mark. */
const SpdxIdSchema = z
  .string()
  .regex(/^SPDXRef-[A-Za-z0-9.-]+$/, 'expected SPDXRef- and letters, digits, . or -');

const ChecksumSchema = z.strictObject({
  algorithm: z.literal('SHA256'),
  checksumValue: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits'),
});

const SpdxPackageSchema = z.strictObject({
  SPDXID: SpdxIdSchema,
  name: z.string().min(1),
  /** SPDX leaves it open; without it nobody can tell what is affected by a known fault. */
  versionInfo: z.string().min(1),
  downloadLocation: z.literal('NOASSERTION'),
  filesAnalyzed: z.literal(false),
  licenseConcluded: z.literal('NOASSERTION'),
  licenseDeclared: z.string().min(1),
  copyrightText: z.literal('NOASSERTION'),
  primaryPackagePurpose: z
    .enum(['ARCHIVE', 'CONTAINER', 'FILE', 'LIBRARY', 'OPERATING_SYSTEM', 'SOURCE'])
    .optional(),
  checksums: z.tuple([ChecksumSchema]).optional(),
  externalRefs: z
    .tuple([
      z.strictObject({
        referenceCategory: z.literal('PACKAGE-MANAGER'),
        referenceType: z.literal('purl'),
        referenceLocator: z.string().regex(/^pkg:[a-z]+\/\S+$/, 'expected a package URL'),
      }),
    ])
    .optional(),
});
export type SpdxPackage = z.infer<typeof SpdxPackageSchema>;

/**
 * What of SPDX 2.3 a bill of materials uses, and no more: a field that nobody here knows is refused.
 * Source: SPDX specification 2.3, clauses 6 (document), 7 (package), 10 (other licensing), 11 (relationship).
 */
export const SpdxDocumentSchema = z.strictObject({
  spdxVersion: z.literal('SPDX-2.3'),
  dataLicense: z.literal('CC0-1.0'),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  name: z.string().min(1),
  /** An absolute URI, unique to the document, without `#` (clause 6.5). */
  documentNamespace: z.string().regex(/^https:\/\/[^\s#]+$/, 'expected an https address without #'),
  creationInfo: z.strictObject({
    created: z.iso.datetime({ precision: 0 }),
    creators: z.tuple([z.string().regex(/^Tool: \S+-\S+$/, 'expected Tool: name-version')]),
  }),
  packages: z.array(SpdxPackageSchema).min(1),
  hasExtractedLicensingInfos: z
    .array(
      z.strictObject({
        licenseId: z.string().regex(/^LicenseRef-[A-Za-z0-9.-]+$/, 'expected LicenseRef- and a name'),
        name: z.string().min(1),
        extractedText: z.string().min(1),
      }),
    )
    .optional(),
  relationships: z.array(
    z.strictObject({
      spdxElementId: SpdxIdSchema,
      relationshipType: z.enum(['DESCRIBES', 'CONTAINS']),
      relatedSpdxElement: SpdxIdSchema,
    }),
  ),
});
export type SpdxDocument = z.infer<typeof SpdxDocumentSchema>;
