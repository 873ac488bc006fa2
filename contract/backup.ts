import { z } from 'zod';

/** Of the tree below /var/lib/cpiab: a box restores what has its own version, and no newer. */
export const stateVersion = 1;

/** What a backup holds, in this order. */
export const backupMembers = ['etcd.snapshot', 'git.bundle', 'engine.tar', 'box.tar', 'volumes.tar'] as const;
export type BackupMember = (typeof backupMembers)[number];

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().nonnegative();

/** The last file of a backup, `manifest.json`: nothing of a backup is used before all of it agrees with this. */
export const BackupManifestSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('BackupManifest'),
  stateVersion: z.int().positive(),
  site: z.string(),
  boxId: z.string(),
  /** SHA-256 of the box's key: what its console shows. */
  fingerprint: Sha256,
  engine: z.strictObject({ kind: z.string(), version: z.string() }),
  /** The bundle that the box ran. */
  bundle: z.strictObject({ sequence: z.int().positive(), revision: z.string() }),
  /** Commit of the served branch. */
  gitHead: z.string(),
  /** RFC 3339, by the box's clock. */
  created: z.string(),
  /** What another box may have of this one: no identity, no authority. Absent for all of a box. */
  contents: z.literal('cargo').optional(),
  members: z.array(
    z.strictObject({
      name: z.enum(backupMembers),
      size: Count,
      /** Absent in a cargo: its archive is hashed as a whole, by who signs it. */
      sha256: Sha256.optional(),
      pieces: Count,
    }),
  ),
});
export type BackupManifest = z.infer<typeof BackupManifestSchema>;

/** A finished backup on the box. */
export const BackupRecordSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('BackupRecord'),
  /** Its file's name. */
  name: z.string().regex(/^[a-z0-9-]{1,60}\.age$/),
  /** Of the encrypted file. */
  size: Count,
  sha256: Sha256,
  created: z.string(),
  gitHead: z.string(),
  /** `age1…` of who can decrypt it. */
  recipients: z.array(z.string()),
  /** True when the schedule made it: then it counts for how many are kept. */
  scheduled: z.boolean(),
});
export type BackupRecord = z.infer<typeof BackupRecordSchema>;

export const ageRecipient = z.string().regex(/^age1[0-9a-z]{58}$/, 'expected a recipient of age, age1…');

/** `POST /v1/backup`. */
export const BackupRequestSchema = z.strictObject({
  recipients: z.array(ageRecipient).min(1).max(20),
  contents: z.literal('cargo').optional(),
});
export type BackupRequest = z.infer<typeof BackupRequestSchema>;
