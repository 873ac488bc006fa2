import { z } from 'zod';
import { BoxSealSchema } from './audit-log.ts';

/** Where a box gives one to an operator. */
export const supportPath = '/v1/support-bundle';

/** Name of the manifest in a support bundle; it comes last, with its signature `manifest.json.minisig`. */
export const supportManifest = 'manifest.json';

/** No more than this is in a support bundle: bytes of one file, and of all. */
export const supportLimits = { file: 8 << 20, all: 192 << 20 } as const;

/** What a support bundle holds, signed by its box. */
export const SupportManifestSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('SupportManifest'),
  box: z.string(),
  site: z.string(),
  /** RFC 3339, UTC, by the box's clock. */
  made: z.string(),
  files: z.array(z.strictObject({ name: z.string(), size: z.int().nonnegative(), sha256: z.string() })),
  /** What could not be had, and why. */
  missing: z.array(z.strictObject({ name: z.string(), why: z.string() })),
  seal: BoxSealSchema,
});
export type SupportManifest = z.infer<typeof SupportManifestSchema>;
