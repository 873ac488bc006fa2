import { z } from 'zod';
import { ageRecipient, BackupManifestSchema, backupMembers } from './backup.ts';
import { chunkSizes } from './chunk-sizes.ts';

/** Names in a cargo's directory. */
export const cargoFiles = {
  manifest: 'cargo.json',
  signature: 'cargo.json.minisig',
  chunks: 'chunks',
} as const;

/** Where a chunk lies below the directory. */
export const chunkPath = (id: string) => `${cargoFiles.chunks}/${id.slice(0, 2)}/${id}`;

/** State of a box that no cargo has: the receiving box goes on with its own, made by itself. Names of the state tree. */
export const reminted = [
  'audit',
  'box-id',
  'engine-initialised',
  'enroll',
  'hostname',
  'kubelet',
  'kubernetes',
  'pki',
  'stages.json',
  'tls',
] as const;

/** State of a box that its cargo has, by the same names. */
export const handedOver = ['age.key', 'etcd', 'git', 'volumes'] as const;

const Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
const Time = z.iso.datetime();

const Name = z.string().regex(/^[0-9A-Za-z-]{1,64}$/, 'expected letters, digits and hyphens');

/** A box, as its console and its status name it. */
const BoxNameSchema = z.strictObject({ boxId: Name, fingerprint: Hex });

/** Whom a cargo is for: who can decrypt it, and the one box that takes it. */
export const CargoReceiverSchema = z.strictObject({ ...BoxNameSchema.shape, recipient: ageRecipient });
export type CargoReceiver = z.infer<typeof CargoReceiverSchema>;

const ChunkSchema = z.strictObject({
  /** HMAC-SHA-256 of the content, by a key of the sender: its name. */
  id: Hex,
  /** Of the file as it lies there, which is encrypted: who has no key can check it too. */
  sha256: Hex,
  size: z
    .int()
    .positive()
    .max(chunkSizes.most + chunkSizes.overhead),
  /** The chunk that this one is a patch to; that one is whole. */
  base: Hex.optional(),
});
export type CargoChunk = z.infer<typeof ChunkSchema>;

/** `cargo.json`, signed with minisign beside it. What is in the cargo it does not say: that is in the index. */
export const CargoManifestSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('CargoManifest'),
  /** Higher with each cargo that one sender seals for one receiver. */
  sequence: z.int().positive(),
  /** By the sender's clock. */
  created: Time,
  expires: Time,
  sender: z.strictObject({ site: Name, ...BoxNameSchema.shape }),
  receiver: CargoReceiverSchema,
  /** What it unpacks to: the archive that the box takes, and holds against this. */
  archive: z.strictObject({ sha256: Hex, size: z.int().positive() }),
  /** What the receiving box has its own of. */
  reminted: z.array(z.enum(reminted)),
  /** Chunks of the index, in order. */
  index: z.array(Hex).min(1),
  /** Each a file of age, by its name. */
  chunks: z.array(ChunkSchema).min(1),
});
export type CargoManifest = z.infer<typeof CargoManifestSchema>;

/** What is in a cargo. It lies in chunks itself. */
export const CargoIndexSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('CargoIndex'),
  /** What the box said when it gave this, with the hash of each member. */
  contents: BackupManifestSchema,
  /** Per member, which of the manifest's chunks follow each other. */
  members: z.array(
    z.strictObject({
      name: z.enum(backupMembers),
      chunks: z.array(z.int().nonnegative()),
      /** Bytes of each chunk's content: where it lies in the member. */
      sizes: z.array(z.int().positive()),
    }),
  ),
});
export type CargoIndex = z.infer<typeof CargoIndexSchema>;

/** `POST /v1/cargo/SHA256`: by what the box checks for itself what it was brought. Texts of the three files. */
export const CargoPapersSchema = z.strictObject({
  /** `cargo.json`. */
  manifest: z.string(),
  /** `cargo.json.minisig`. */
  signature: z.string(),
  /** The sender's public key, which the operator trusts. */
  key: z.string(),
});
export type CargoPapers = z.infer<typeof CargoPapersSchema>;
