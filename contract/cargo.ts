import { z } from 'zod';
import { ageRecipient, BackupManifestSchema, backupMembers } from './backup.ts';

/** Names in a cargo's directory. */
export const cargoFiles = {
  manifest: 'cargo.json',
  signature: 'cargo.json.minisig',
  chunks: 'chunks',
} as const;

/** Where a chunk lies below the directory. */
export const chunkPath = (id: string) => `${cargoFiles.chunks}/${id.slice(0, 2)}/${id}`;

/** Bytes of a chunk's content, and what its stored form may have more: a nonce, how it is compressed, a tag. */
export const chunkSizes = { least: 64 << 10, usual: 256 << 10, most: 1 << 20, overhead: 29 } as const;

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
  /** HMAC-SHA-256 of the content, by the cargo's key: its name. */
  id: Hex,
  /** Of the file as it lies there, which is encrypted: who has no key can check it too. */
  sha256: Hex,
  size: z
    .int()
    .positive()
    .max(chunkSizes.most + chunkSizes.overhead),
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
  /** What the receiving box has its own of. */
  reminted: z.array(z.enum(reminted)),
  /** The key of the chunks, 32 bytes, encrypted with age for the receiver. */
  key: z.base64().max(4096),
  /** Chunks of the index, in order. */
  index: z.array(Hex).min(1),
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
  members: z.array(z.strictObject({ name: z.enum(backupMembers), chunks: z.array(z.int().nonnegative()) })),
});
export type CargoIndex = z.infer<typeof CargoIndexSchema>;
