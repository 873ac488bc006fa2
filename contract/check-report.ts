import { z } from 'zod';

/** What `cpiab check --json` prints. */
export const CheckReportSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('CheckReport'),
  /** Files looked at. */
  files: z.int(),
  /** Sites whose Git was held to the rules, and apps that none of them runs. */
  sites: z.array(z.string()),
  unused: z.array(z.string()),
  /** Sites whose Secrets were never rendered; what their boxes would lack is no finding here. */
  unrendered: z.array(z.string()),
  findings: z.array(
    z.strictObject({
      rule: z.string(),
      /** Below the repository. */
      file: z.string(),
      /** Counted from 1; absent where it is about the whole file. */
      line: z.int().optional(),
      /** `Kind/name`, where an app may ask for an exception. */
      object: z.string().optional(),
      why: z.string(),
      fix: z.string(),
    }),
  ),
});
export type CheckReport = z.infer<typeof CheckReportSchema>;
