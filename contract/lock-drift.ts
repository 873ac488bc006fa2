import { z } from 'zod';

/** What a lock pins, and the files that it was made from. */
export const driftKinds = [
  'input',
  'package',
  'set',
  'program',
  'node',
  'recipe',
  'image',
  'chart',
  'file',
  'repository',
] as const;
export type DriftKind = (typeof driftKinds)[number];

/** Something that a lock pins otherwise than another one. */
export const DriftEntrySchema = z.strictObject({
  kind: z.enum(driftKinds),
  /** Name of the package, program, image or file. */
  what: z.string(),
  /** Version or digest in the lock; null when it is not there. */
  was: z.string().nullable(),
  /** The same of what would be, or was, locked instead; null when there is none. */
  is: z.string().nullable(),
  /** For people. */
  why: z.string(),
});
export type DriftEntry = z.infer<typeof DriftEntrySchema>;

/** `cpiab lock --json`: what differs between the lock as it was and what its sources give now. */
export const LockDriftSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('LockDrift'),
  site: z.string(),
  /** The lock's file. */
  path: z.string(),
  /** Whether the file now has what `is` says; false with `--check`. */
  written: z.boolean(),
  entries: z.array(DriftEntrySchema),
});
export type LockDrift = z.infer<typeof LockDriftSchema>;
