import { z } from 'zod';

/** Where a box tells how far its site is (`GET`), and takes a signature (`POST`). */
export const stagePath = '/v1/stages';

/** Each opens the next. */
export const stages = {
  1: { title: 'Platform and apps', proof: 'the whole site comes up from Git, and the post-check is green' },
  2: { title: 'AI studio', proof: 'nothing yet' },
} as const;

const Count = z.int().nonnegative();

/** What a person signs. */
export const StageStatementSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('StageStatement'),
  stage: z.int().positive(),
  site: z.string(),
  /** Identifier of the box that was checked. */
  box: z.string(),
  /** Commit of Git that it had applied. */
  revision: z.string(),
  /** Of the bundle that it runs. */
  bundle: z.strictObject({ sequence: Count, lock: z.string() }),
  postcheck: z.strictObject({
    /** RFC 3339, by the box's clock. */
    time: z.string(),
    /** Checks that passed, and those that do not apply. */
    passed: Count,
    notApplicable: Count,
    /** SHA-256 of the report's compact JSON. */
    sha256: z.string(),
  }),
});
export type StageStatement = z.infer<typeof StageStatementSchema>;

/** The text that is signed for a statement: never one that means something elsewhere. */
export const signedText = (statement: StageStatement) => `cpiab.dev/stage/v1\n${JSON.stringify(statement)}\n`;

/** What is sent. */
export const StageSignatureSchema = z.strictObject({
  statement: StageStatementSchema,
  /** ECDSA with SHA-256 by the operator's key, DER, base64. */
  signature: z.base64(),
});

/** A statement with the name below it. */
export const StageCompletionSchema = StageSignatureSchema.extend({
  /** Name of the operator's certificate. */
  by: z.string(),
  /** The certificate, PEM: the site's operator CA has signed it. */
  certificate: z.string(),
  /** RFC 3339, by the box's clock. */
  time: z.string(),
});
export type StageCompletion = z.infer<typeof StageCompletionSchema>;

/** `GET /v1/stages`: what is complete, and what would be signed for the next. */
export const StageGateSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('StageGate'),
  site: z.string(),
  completed: z.array(StageCompletionSchema),
  /** The first that is not complete. */
  open: z.int().positive(),
  /** Why it cannot be completed now, or null. */
  lacking: z.string().nullable(),
  /** What completing it is signed with; null as long as something is lacking. */
  statement: StageStatementSchema.nullable(),
});
export type StageGate = z.infer<typeof StageGateSchema>;

const SiteStatusSchema = z.strictObject({
  site: z.string(),
  completed: z.array(StageCompletionSchema),
  open: z.int().positive(),
  /** The latest post-check that a box told of when this was written; null for none. */
  postcheck: z
    .strictObject({
      ...{ time: z.string(), revision: z.string(), box: z.string() },
      bundle: z.strictObject({ sequence: Count, lock: z.string() }),
      verdict: z.enum(['pass', 'fail']),
      checks: z.array(z.strictObject({ id: z.string(), result: z.string(), evidence: z.string() })),
    })
    .nullable(),
});
export type SiteStatus = z.infer<typeof SiteStatusSchema>;

/** `ai/state/status.json`: what Git says of the stages of its sites. Written by `cpiab stage`. */
export const ProjectStatusSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('ProjectStatus'),
  /** By name; a site that no box has told of is not here. */
  sites: z.array(SiteStatusSchema),
});
export type ProjectStatus = z.infer<typeof ProjectStatusSchema>;

/** Below a site's repository. */
export const statusFiles = { document: 'ai/state/status.json', page: 'STATUS.md' } as const;
