import { z } from 'zod';

/** What is written down: whatever changes a box, and who came to do so. */
export const auditActions = [
  'start',
  'sign-in',
  'push',
  'pull',
  'invite',
  'enroll',
  'approve',
  'deny',
  'supersede',
  'issue',
  'join',
  'renew',
  'revoke',
  'install',
  'remove',
  'drain',
  'expand',
  'rotate',
  'unlock',
  'update',
  'rollback',
  'backup',
  'restore',
  'passphrase',
  'kubernetes',
  'postcheck',
  'stage',
  'support-bundle',
  'audit',
] as const;

/** `begun` is on the disk before anything is done, so that a power cut hides nothing. */
export const auditOutcomes = ['begun', 'done', 'refused', 'failed'] as const;

const Count = z.int().nonnegative();

export const AuditEntrySchema = z.strictObject({
  /** From 0, without gaps. */
  index: Count,
  /** RFC 3339, UTC, by the box's clock, for which nobody vouches. */
  time: z.string(),
  /** Milliseconds since power-on. */
  uptimeMs: Count,
  who: z.strictObject({
    name: z.string(),
    /** SHA-256 of the certificate of the operator, or of the node that left by itself; null for the box itself. */
    fingerprint: z.string().nullable(),
  }),
  action: z.enum(auditActions),
  /** What it was done to: a commit, a node, a version. */
  subject: z.string(),
  outcome: z.enum(auditOutcomes),
  detail: z.string(),
  /** Root of the tree of all entries before this one, base64: an edited entry is found at its successor. */
  tree: z.string(),
});
export type AuditEntry = z.infer<typeof AuditEntrySchema>;

/** What somebody tells the log; the log adds the rest. */
export type AuditEvent = Pick<AuditEntry, 'who' | 'action' | 'subject' | 'outcome' | 'detail'>;

/** The key that a box signs its records with, and how it hangs on the key that its console shows. */
export const BoxSealSchema = z.strictObject({
  /** Ed25519 in C2SP's form: `<name>+<key identifier>+<base64>`. Source: C2SP signed-note, "Verifier keys". */
  key: z.string(),
  /** The same key in minisign's form, one line. */
  minisign: z.string(),
  /** PEM of the API's certificate; the SHA-256 of its key is the box's fingerprint. */
  certificate: z.string(),
  /** ECDSA with SHA-256, DER, base64, by the API's key over `cpiab.dev/seal/v1`, a line break, `key`, a line break. */
  endorsement: z.string(),
});
export type BoxSeal = z.infer<typeof BoxSealSchema>;

/** What the endorsement of a seal is over. */
export const endorsedText = (key: string) => `cpiab.dev/seal/v1\n${key}\n`;

/** `GET /v1/audit`, and what `cpiab audit --json` keeps. */
export const AuditLogSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('AuditLog'),
  /** Index of the first entry that is here. */
  from: Count,
  /** The leaf of an entry is its compact JSON, members in this order (RFC 6962 section 2.1). */
  entries: z.array(AuditEntrySchema),
  /** Of the whole log, signed. Source: C2SP tlog-checkpoint. */
  checkpoint: z.string(),
  seal: BoxSealSchema,
});
export type AuditLogDocument = z.infer<typeof AuditLogSchema>;
