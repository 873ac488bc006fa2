import { z } from 'zod';

/** What may have newer versions, in the order in which it is shown. */
export const outdatedKinds = ['package', 'image', 'module', 'node'] as const;
export type OutdatedKind = (typeof outdatedKinds)[number];

/** `cpiab outdated --json`: what newer there is than what is locked. */
export const OutdatedSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Outdated'),
  site: z.string(),
  /** Who was asked about how many things, and how long the answer took. */
  asked: z.array(
    z.strictObject({
      kind: z.enum(outdatedKinds),
      count: z.int().nonnegative(),
      tookMs: z.int().nonnegative(),
    }),
  ),
  newer: z.array(
    z.strictObject({
      kind: z.enum(outdatedKinds),
      name: z.string(),
      /** Version, tag or digest. */
      locked: z.string(),
      /** The same; a digest where the locked tag names another image now. */
      newest: z.string(),
    }),
  ),
});
export type Outdated = z.infer<typeof OutdatedSchema>;
export type Newer = Outdated['newer'][number];
