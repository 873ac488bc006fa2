import { z } from 'zod';
import { slotNames } from './boot-slots.ts';
import { DigestSchema, type Manifest } from './manifest.ts';

export const VersionSchema = z.strictObject({
  /** Commit of the bundle's repository. */
  revision: z.string(),
  sequence: z.int().nonnegative(),
});
export type Version = z.infer<typeof VersionSchema>;

export const versionOf = ({ revision, sequence }: Manifest): Version => ({ revision, sequence });

/** Such as `4f1c2a9d77e0 (sequence 12)`. */
export const versionText = ({ revision, sequence }: Version) =>
  `${revision.slice(0, 12)} (sequence ${sequence})`;

/** In the order in which an update goes through them, `copying` one from a stick; the last three are ends. */
export const updateStates = [
  'copying',
  'staging',
  'switching',
  'trial',
  'committed',
  'fell-back',
  'refused',
] as const;

/** The box's last change of version, kept on its data partition. */
export const UpdateRecordSchema = z.strictObject({
  /** An update brings a newer version, a rollback the one before. */
  what: z.enum(['update', 'rollback']),
  state: z.enum(updateStates),
  from: VersionSchema,
  /** Null until the file has been looked at. */
  to: VersionSchema.nullable(),
  /** SHA-256 of the file that came, null for a rollback. */
  file: DigestSchema.nullable(),
  /** Beginnings of its staging: one that is cut off is begun anew, but not for ever. */
  attempts: z.int().nonnegative(),
  /** Why it ended without the new version, or null. */
  reason: z.string().nullable(),
});
export type UpdateRecord = z.infer<typeof UpdateRecordSchema>;

/** Part of the box's status: its two slots. */
export const SlotsStatusSchema = z.strictObject({
  running: z.enum(slotNames),
  standing: z.enum(['settled', 'switching', 'trial', 'fallen-back']),
  /** Starts that a version on trial has left. */
  tries: z.int().nonnegative(),
  /** What lies in the other slot, if it is whole. */
  other: VersionSchema.nullable(),
});
export type SlotsStatus = z.infer<typeof SlotsStatusSchema>;

/** Answer to a part of a file: what the box has of it now. */
export const ReceivedSchema = z.strictObject({
  /** Bytes. */
  received: z.int().nonnegative(),
});

/** `POST /v1/update`: what an update says of itself, so that it is judged before its bytes are sent. */
export const UpdateAnnouncementSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('UpdateAnnouncement'),
  /** The bundle that a delta starts from: digest of its manifest, and its name for people; null for a whole bundle. */
  base: z.strictObject({ digest: DigestSchema, name: z.string() }).nullable(),
  /** What of the bundle is no blob, manifest and signature among it: name → base64. */
  papers: z.record(z.string(), z.base64()),
});
export type UpdateAnnouncement = z.infer<typeof UpdateAnnouncementSchema>;
