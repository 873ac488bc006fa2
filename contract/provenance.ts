import { z } from 'zod';

/** Source: in-toto attestation framework, DigestSet: algorithm → lower-case hexadecimal digits. */
const DigestSetSchema = z.record(z.string(), z.string().regex(/^[0-9a-f]+$/, 'expected hexadecimal digits'));

/** Source: in-toto attestation framework, ResourceDescriptor v1. */
const ResourceSchema = z
  .strictObject({
    name: z.string().min(1).optional(),
    uri: z.string().min(1).optional(),
    digest: DigestSetSchema.optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  })
  .refine(({ name, uri }) => name !== undefined || uri !== undefined, 'expected a name or a uri');
export type Resource = z.infer<typeof ResourceSchema>;

export const statementType = 'https://in-toto.io/Statement/v1';
export const predicateType = 'https://slsa.dev/provenance/v1';
export const buildType = 'https://cpiab.dev/build/v1';
export const builderId = 'https://cpiab.dev/builder/v1';

/** What of an in-toto statement with SLSA provenance a bundle has. Source: in-toto Statement v1; SLSA Provenance v1. */
export const StatementSchema = z.strictObject({
  _type: z.literal(statementType),
  subject: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
      }),
    )
    .min(1),
  predicateType: z.literal(predicateType),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal(buildType),
      externalParameters: z.strictObject({ site: z.string(), revision: z.string() }),
      internalParameters: z.strictObject({ epoch: z.int() }),
      resolvedDependencies: z.array(ResourceSchema),
    }),
    runDetails: z.strictObject({ builder: z.strictObject({ id: z.literal(builderId) }) }),
  }),
});
export type Statement = z.infer<typeof StatementSchema>;
