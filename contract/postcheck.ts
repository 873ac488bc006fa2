import { z } from 'zod';
import { postcheckGroups } from './postcheck-table.ts';

/** Where an operator lets a box check itself (`POST`), and where its latest report is (`GET`). */
export const postcheckPath = '/v1/postcheck';

const Count = z.int().nonnegative();

/** `unknown`: it could not be found out, which counts as failed. `notApplicable`: evidence says why. */
export const postcheckResults = ['pass', 'fail', 'unknown', 'notApplicable'] as const;
export type PostcheckResult = (typeof postcheckResults)[number];

export const PostcheckEntrySchema = z.strictObject({
  /** Such as `engine/nodes`; of an app `apps/health/<name>`. */
  id: z.string(),
  group: z.enum(Object.keys(postcheckGroups) as [keyof typeof postcheckGroups]),
  /** What holds when it passes. */
  title: z.string(),
  /** Whether the verdict depends on it: not for apps that are of use online only. */
  required: z.boolean(),
  result: z.enum(postcheckResults),
  /** What was seen. The same again as long as nothing changed. */
  evidence: z.string(),
  /** What goes wrong without it. */
  why: z.string(),
  /** What to do when it fails. */
  fix: z.string(),
  tookMs: Count,
});
export type PostcheckEntry = z.infer<typeof PostcheckEntrySchema>;

/** `cpiab postcheck --json`: whether a box is what Git says. But for `time` and `tookMs`, the same again. */
export const PostcheckReportSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('PostcheckReport'),
  box: z.strictObject({ id: z.string(), fingerprint: z.string(), site: z.string() }),
  /** What the box runs: sequence of its bundle, digest of the lock that this was built from. */
  bundle: z.strictObject({ sequence: Count, lock: z.string() }),
  /** Head of the box's Git when the checks began. */
  revision: z.string(),
  /** RFC 3339, UTC, by the box's clock. */
  time: z.string(),
  tookMs: Count,
  checks: z.array(PostcheckEntrySchema),
  /** `pass` when every required check passed or does not apply. */
  verdict: z.enum(['pass', 'fail']),
});
export type PostcheckReport = z.infer<typeof PostcheckReportSchema>;

/** One line of the answer to `POST`: each check as it ends, the report last. Empty lines in between are signs of life. */
export const PostcheckLineSchema = z.union([
  z.strictObject({ check: PostcheckEntrySchema, of: Count }),
  z.strictObject({ report: PostcheckReportSchema }),
]);
export type PostcheckLine = z.infer<typeof PostcheckLineSchema>;

/** What did not pass and had to. */
export const failedChecks = ({ checks }: Pick<PostcheckReport, 'checks'>): PostcheckEntry[] =>
  checks.filter(({ required, result }) => required && result !== 'pass' && result !== 'notApplicable');
