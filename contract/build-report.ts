import { z } from 'zod';
import { DigestSchema } from './manifest.ts';

/** `build-report.json` and `cpiab build --json`: what a build wrote, and how long each stage took. */
export const BuildReportSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('BuildReport'),
  site: z.string(),
  revision: z.string(),
  sequence: z.int().positive(),
  /** SHA-256 of everything that decides the artifacts; the same inputs give the same artifacts. */
  inputs: DigestSchema,
  /** Identifier of the site key that signed. */
  key: z.string(),
  artifacts: z.array(
    z.strictObject({
      /** File or directory name in the output directory. */
      name: z.string(),
      /** Bytes; of the bundle, of its blobs; of volumes, of all together. */
      size: z.int().nonnegative(),
      /** Of a file: its own; of the bundle: its manifest's; of volumes: their index's. */
      digest: DigestSchema,
      tookMs: z.int().nonnegative(),
    }),
  ),
  stages: z.array(z.strictObject({ name: z.string(), tookMs: z.int().nonnegative() })),
  /** True when the output directory already held exactly this and nothing was written. */
  unchanged: z.boolean(),
});
export type BuildReport = z.infer<typeof BuildReportSchema>;
