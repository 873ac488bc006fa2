import { z } from 'zod';
import { AlertsStatusSchema } from './alerts.ts';
import { BoxSealSchema } from './audit-log.ts';
import { EncryptionSchema } from './encryption.ts';
import { ExpansionSummarySchema } from './expand.ts';
import { type DropReason, dropReasonNames } from './firewall.ts';
import { OfferedDiskSchema } from './install.ts';
import { PodNetworkStatusSchema } from './pod-network.ts';
import { SlotsStatusSchema, UpdateRecordSchema } from './update.ts';

export const phases = [
  // An installation; its `verify` is of the disk.
  ...(['choose', 'partition', 'copy', 'restart'] as const),
  ...(['verify', 'serve', 'engine', 'flux', 'converge'] as const),
  // A machine that joins a box: between `verify` and `ready`.
  ...(['enroll', 'join'] as const),
  ...(['ready', 'failed'] as const),
] as const;
export type Phase = (typeof phases)[number];

/** One step of the boot sequence. Times are milliseconds since power-on. */
export const StepSchema = z.strictObject({
  name: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'skipped', 'failed']),
  startedMs: z.int().nonnegative().nullable(),
  tookMs: z.int().nonnegative().nullable(),
  /** The step's evidence, or what it waits for. */
  detail: z.string(),
});
export type Step = z.infer<typeof StepSchema>;

/** How the box's version was changed last. */
const UpdateStatusSchema = UpdateRecordSchema.extend({
  /** What it is at, or waits for. */
  detail: z.string(),
});
export type UpdateStatus = z.infer<typeof UpdateStatusSchema>;

/** The seed that the box goes by. */
export const SeedStatusSchema = z.strictObject({
  /** Where it was found, such as `volume sdb`; `kept` for the copy on the data disk. */
  origin: z.string(),
  kept: z.boolean(),
  hostname: z.string(),
});

const Count = z.int().nonnegative();

/** What became of the repository that a box pulls from. */
const pullStates = ['waiting', 'current', 'pulled', 'ahead', 'diverged', 'refused', 'unreachable'] as const;
const PullStatusSchema = z.strictObject({
  url: z.string(),
  branch: z.string(),
  /**
   * `ahead`: the box has all of it and more; `diverged`: each has what the other has not; `refused`: a rule
   * speaks against it.
   */
  state: z.enum(pullStates),
  /** RFC 3339, by the box's clock: when it was looked at last; null before the first time. */
  looked: z.string().nullable(),
  /** The branch's newest commit there, or null. */
  head: z.string().nullable(),
  /** Why, where something is wrong. */
  detail: z.string(),
});
export type PullStatus = z.infer<typeof PullStatusSchema>;

/** A moment of the boot. Names: `agent`, `containerd`, `images`, `api-server`, `cluster` (nothing left to start), `node`, `Kustomization/<namespace>/<name>`. */
export const MarkSchema = z.strictObject({ name: z.string(), atMs: Count });
export type Mark = z.infer<typeof MarkSchema>;

/** `GET /v1/status` and `cpiab status --json`. */
export const BoxStatusSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('BoxStatus'),
  box: z.strictObject({
    id: z.string(),
    /** SHA-256 of the API certificate's public key (SPKI), hexadecimal. */
    fingerprint: z.string(),
    version: z.string(),
    sequence: Count,
    site: z.string(),
    /** `disk` or `memory`: whether state outlives a reboot. */
    state: z.enum(['disk', 'memory']),
    /** What opens the state at a start; `none` where it is not encrypted. */
    encryption: EncryptionSchema.default('none'),
    /** What started the boot loader; `secure-boot` started only what its keys vouch for. */
    firmware: z.enum(['bios', 'uefi', 'secure-boot']),
  }),
  /** Null for a box that was started from an ISO. */
  slots: SlotsStatusSchema.nullable(),
  /** Null on a box whose version never changed. */
  update: UpdateStatusSchema.nullable(),
  /** Null for a box that was given none. */
  seed: SeedStatusSchema.nullable().default(null),
  /** Null unless the box asks a person for the disk to install itself to. */
  install: z
    .strictObject({ disks: z.array(OfferedDiskSchema) })
    .nullable()
    .default(null),
  /** Of a machine that joins a box; null on a box. */
  node: z
    .strictObject({
      /** Host and port that it was given. */
      box: z.string(),
      name: z.string(),
      /** SHA-256 of its public key: what an operator of the box compares. */
      key: z.string(),
      /** Its identifier, or null while it has none. */
      id: z.string().nullable(),
    })
    .nullable()
    .default(null),
  phase: z.enum(phases),
  /** When the box said this. */
  uptimeMs: Count,
  steps: z.array(StepSchema),
  /** What was up when, the earliest first: milliseconds since power-on. */
  marks: z.array(MarkSchema),
  /** What is wrong, in one sentence, or null. */
  problem: z.string().nullable(),
  /** What a person should do next, or null. */
  nextAction: z.string().nullable(),
  git: z.strictObject({ head: z.string().nullable(), applied: z.string().nullable() }),
  /** Null where the site pulls from nowhere. */
  pull: PullStatusSchema.nullable().default(null),
  flux: z.strictObject({
    ready: Count,
    total: Count,
    blocking: z.array(z.strictObject({ object: z.string(), reason: z.string() })),
  }),
  nodes: z.array(z.strictObject({ name: z.string(), ready: z.boolean(), version: z.string() })),
  /** Null unless pools of the site are made to grow now, or that has halted. */
  expansion: ExpansionSummarySchema.nullable().default(null),
  /** Packets that the firewall dropped since power-on, by reason: docs/operate/firewall.md. */
  dropped: z.strictObject(
    Object.fromEntries(dropReasonNames.map((name) => [name, Count])) as Record<DropReason, typeof Count>,
  ),
  /** Null until it runs. */
  podNetwork: PodNetworkStatusSchema.nullable().default(null),
  /** Null where the site has no Alertmanager. */
  alerts: AlertsStatusSchema.nullable().default(null),
  images: z.strictObject({ running: Count, notInBundle: z.array(z.string()) }),
  /** Bytes of memory in use (MemTotal − MemAvailable) and in all. */
  memory: z.strictObject({ used: Count, total: Count }),
  /** The newest backup on the box, and how many there are. */
  backup: z.strictObject({
    /** RFC 3339, by the box's clock; null for none. */
    newest: z.string().nullable(),
    count: Count,
    /** Hours between those that the box makes by itself; null when it makes none. */
    everyHours: Count.nullable(),
    /** The disk labelled CPIAB-BACKUP; null where the site wants none. */
    disk: z
      .strictObject({
        /** Of the newest copy of this box, as it was seen last; null for none. */
        newest: z.string().nullable(),
        count: Count,
        /** Why it has not the newest backup, or empty. */
        problem: z.string(),
      })
      .nullable()
      .default(null),
  }),
});
export type BoxStatus = z.infer<typeof BoxStatusSchema>;

/** `GET /v1/images`: what the bundle carries, and what of it runs. */
export const ImageListSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('ImageList'),
  images: z.array(
    z.strictObject({
      reference: z.string(),
      digest: z.string(),
      /** Whether a container runs it; null while there is no cluster to ask. */
      running: z.boolean().nullable(),
    }),
  ),
});
export type ImageList = z.infer<typeof ImageListSchema>;

/** `GET /v1/evidence`: what this box runs, and how that can be checked without it. */
export const EvidenceSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Evidence'),
  /** Null until the manifest's signature is known to be good. */
  bundle: z
    .strictObject({
      /** SHA-256 of manifest.json. */
      manifest: z.string(),
      /** Identifier of the minisign key that signed it. */
      key: z.string(),
      /** The site's public key that the operating system was built with, one line. */
      siteKey: z.string(),
      sequence: Count,
      revision: z.string(),
      /** Seconds since the epoch. */
      expires: z.int(),
      blobs: Count,
      /** Of all blobs, each once. */
      bytes: Count,
    })
    .nullable(),
  /** SHA-256 of the API's key, hexadecimal. */
  fingerprint: z.string(),
  /** Null while the audit log is not open. */
  audit: z.strictObject({ size: Count, checkpoint: z.string(), seal: BoxSealSchema }).nullable(),
});
export type Evidence = z.infer<typeof EvidenceSchema>;

/** `GET /v1/kustomizations`: what Flux keeps in the cluster, and for which commit. */
export const KustomizationListSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('KustomizationList'),
  kustomizations: z.array(
    z.strictObject({
      /** `<namespace>/<name>`. */
      name: z.string(),
      /** Folder in the repository. */
      path: z.string(),
      /** Commit that was applied last, or null. */
      applied: z.string().nullable(),
      /** Why it is not ready at the newest commit, or null. */
      blocking: z.string().nullable(),
      /** `Kind/namespace/name`, without the namespace for what has none; sorted. */
      objects: z.array(z.string()),
    }),
  ),
});
export type KustomizationList = z.infer<typeof KustomizationListSchema>;
