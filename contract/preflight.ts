import { z } from 'zod';

/** One thing that a build needs. `warn`: it may work, but look at it first. */
export const PreflightCheckSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  result: z.enum(['pass', 'warn', 'fail']),
  /** What was found, in a few words. */
  detail: z.string(),
  /** What to do; empty when there is nothing to do. */
  hint: z.string(),
});
export type PreflightCheck = z.infer<typeof PreflightCheckSchema>;

/** What a build will do that takes time, milliseconds. */
export const EstimateSchema = z.strictObject({
  compileMs: z.int().nonnegative(),
  downloadMs: z.int().nonnegative(),
  /** Unpacking, assembling, signing and writing media. */
  assembleMs: z.int().nonnegative(),
  /** Bytes to download, besides Go modules. */
  downloadBytes: z.int().nonnegative(),
  /** Whether all, some or none of it was measured on this machine. */
  basis: z.enum(['measured', 'partly', 'assumed']),
});
export type Estimate = z.infer<typeof EstimateSchema>;

/** `cpiab build --plan --json`: whether a build can go well here, and how long it will take. */
export const PreflightSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Preflight'),
  site: z.string(),
  /** No check failed. */
  ready: z.boolean(),
  checks: z.array(PreflightCheckSchema),
  /** Parts that the cache lacks, in the order in which they are made. */
  parts: z.array(z.string()),
  estimate: EstimateSchema,
});
export type Preflight = z.infer<typeof PreflightSchema>;
