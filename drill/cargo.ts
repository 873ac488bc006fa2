import { z } from 'zod';
import { sha256 } from '../contract/sha256.ts';

export const CARGO = 'cargo.age';
export const INDEX = 'cargo.json';
export const CHUNK = 1 << 20;
/** What is in it. */
export const cargoMembers = { git: 'site.bundle', log: 'audit-log.json' } as const;

/** Signed beside the cargo: vouches for each of its chunks alone. */
export const CargoIndexSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('DrillCargo'),
  /** The one drill that it belongs to: of another, it is refused. */
  drill: z.string(),
  sealed: z.string(),
  /** Commit of `main`. */
  head: z.string(),
  /** Who can open it. */
  recipient: z.string(),
  bytes: z.int().positive(),
  /** SHA-256 of each in order. */
  chunks: z.array(sha256).min(1),
});
export type CargoIndex = z.infer<typeof CargoIndexSchema>;
