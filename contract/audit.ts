import { z } from 'zod';
import { DigestSchema } from './manifest.ts';
import { KeyRotationSchema } from './rotation.ts';

/** What an audit checks, in this order. */
export const auditChecks = [
  'signature',
  'manifest',
  'content',
  'seal',
  'expiry',
  'lock',
  'sbom',
  'provenance',
  'sequence',
] as const;
export type AuditCheck = (typeof auditChecks)[number];

const ProblemSchema = z.strictObject({
  /** Such as `CPIAB-E2103`. */
  code: z.string(),
  subject: z.string(),
  message: z.string(),
  hint: z.string(),
  cause: z.string().nullable(),
});

/** `cpiab verify --all --json`: what was checked of a medium, and what was found. For an auditor to keep. */
export const AuditReportSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('AuditReport'),
  /** True when no check failed. */
  verified: z.boolean(),
  /** The clock that expiry was held against, seconds since 1970-01-01. */
  at: z.int(),
  medium: z.strictObject({ kind: z.enum(['iso', 'tarball', 'directory']), path: z.string() }),
  /** The key that signed, and the rotations that led to it from the trusted one. Null when the signature is wrong. */
  key: z.strictObject({ name: z.string(), chain: z.array(KeyRotationSchema) }).nullable(),
  /** Null when the signature is wrong: then nothing else was read. */
  bundle: z
    .strictObject({
      /** Of `manifest.json`. */
      manifest: DigestSchema,
      site: z.string(),
      sequence: z.int().positive(),
      revision: z.string(),
    })
    .nullable(),
  checks: z.array(
    z.strictObject({
      name: z.enum(auditChecks),
      /** `not checked`: there is nothing to check, or an earlier check has to pass first; evidence says which. */
      result: z.enum(['passed', 'failed', 'not checked']),
      /** What was seen, for people. */
      evidence: z.string(),
      /** How many things were looked at. */
      count: z.int().nonnegative().nullable(),
      digest: DigestSchema.nullable(),
      problems: z.array(ProblemSchema),
    }),
  ),
});
export type AuditReport = z.infer<typeof AuditReportSchema>;
