import { z } from 'zod';
import { DigestSchema } from './manifest.ts';

/**
 * The head of a delta file, its first member `delta.json`: how the target's blobs come about. The target's
 * signed manifest is in the file too, so nothing here needs a signature: a wrong head gives no valid bundle.
 */
export const DeltaSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Delta'),
  site: z.string(),
  /** Manifests of the bundle it starts from, and of the one it gives. */
  base: z.strictObject({ digest: DigestSchema, sequence: z.int().positive(), revision: z.string() }),
  target: z.strictObject({ digest: DigestSchema, sequence: z.int().positive(), revision: z.string() }),
  /** The target's blobs that the base lacks, in the order of the file's members. */
  blobs: z.array(
    z.strictObject({
      digest: DigestSchema,
      /** Bytes of the blob, and of what stands for it in the file. */
      size: z.int().nonnegative(),
      stored: z.int().nonnegative(),
      /** The base's blob that a patch starts from; absent where the blob is stored whole. */
      from: DigestSchema.optional(),
    }),
  ),
});
export type Delta = z.infer<typeof DeltaSchema>;

/** Members of a delta file: an uncompressed tar. A blob is stored whole or as a Zstandard patch. */
export const deltaMembers = {
  head: 'delta.json',
  blob: (hex: string) => `blobs/${hex}`,
} as const;
