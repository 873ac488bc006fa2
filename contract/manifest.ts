import { z } from 'zod';

export const DigestSchema = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 lower-case hexadecimal digits');
/** `sha256:<64 hex>`. */
export type Digest = z.infer<typeof DigestSchema>;

/** The digest that a SHA-256 makes. @param sha256 64 hexadecimal digits. */
export const digestOf = (sha256: string): Digest => `sha256:${sha256}`;

/** The 64 hexadecimal digits of a digest, by which pools name their files. */
export const hexOf = (digest: Digest): string => digest.slice('sha256:'.length);

/** What a blob is for. */
export const blobRoles = [
  'image-index',
  'image-manifest',
  'image-config',
  'image-layer',
  'image-signature',
  'image-referrer',
  'chart-manifest',
  'chart-config',
  'chart-layer',
  'artifact-manifest',
  'file',
  'git-source',
  'os-kernel',
  'os-initrd',
  'os-module',
  'os-loader',
  'git',
  'lock',
  'sbom',
  'provenance',
  'empty-config',
] as const;

export type BlobRole = (typeof blobRoles)[number];

export const BlobSchema = z.strictObject({
  digest: DigestSchema,
  /** Bytes. */
  size: z.int().nonnegative(),
  role: z.enum(blobRoles),
  /** Why it is here: the image references or artifacts that need it. Sorted. */
  for: z.array(z.string()).min(1),
});
export type Blob = z.infer<typeof BlobSchema>;

/** These and no others: a name is a path that somebody may write to. */
const FileNameSchema = z
  .string()
  .regex(
    /^(?:oci-layout|index\.json|rotation-[0-9A-F]{16}\.json(?:\.minisig)?)$/,
    'not a file that a bundle has',
  );

/**
 * The bundle manifest: every blob and every other file of the bundle. Signed with minisign
 * (`manifest.json.minisig`); nothing in a bundle is parsed before that signature verifies.
 */
export const ManifestSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('BundleManifest'),
  site: z.string(),
  /** Monotonic: number of commits reachable from the packed HEAD. A box refuses a lower one. */
  sequence: z.int().positive(),
  /** Commit of the Git repository inside. `-dirty` is appended when the tree had uncommitted changes. */
  revision: z.string(),
  lock: DigestSchema,
  /** Digest of the manifest this one follows, or null. */
  previous: DigestSchema.nullable(),
  /** Seconds since the epoch. */
  expires: z.int(),
  /** How this version keeps a box's state: contract/state-version.ts. */
  state: z.int().positive().default(1),
  /** Full image reference → digest of its manifest, or of its index where it was published with one. */
  images: z.record(z.string(), DigestSchema),
  /** Full reference of an image's signatures, `REPOSITORY:sha256-<hex>.sig` → digest of their manifest. */
  signatures: z.record(z.string(), DigestSchema).default({}),
  /** `REPOSITORY:sha256-<hex>` of a manifest → digest of the index of what refers to it (OCI 1.1). */
  referrers: z.record(z.string(), DigestSchema).default({}),
  /** Full reference of a Helm chart → digest of its manifest. */
  charts: z.record(z.string(), DigestSchema).default({}),
  /** Where a published file is put → digest of its content. */
  downloads: z.record(z.string(), DigestSchema).default({}),
  /** `address@reference` of a published Git repository → its commit, and digest of its git bundle. */
  repositories: z
    .record(z.string(), z.strictObject({ commit: z.string(), digest: DigestSchema }))
    .default({}),
  /** Artifact name (`os`, `git`, `lock`, `sbom`, `provenance`) → digest of its manifest. */
  artifacts: z.record(z.string(), DigestSchema),
  /** Path on the medium → blob it is a hard link of. */
  links: z.record(z.string(), DigestSchema),
  /** What lies beside the blobs, `oci-layout`, `index.json` and rotations of the key: name → digest. */
  files: z.record(FileNameSchema, DigestSchema),
  blobs: z.array(BlobSchema),
});
export type Manifest = z.infer<typeof ManifestSchema>;
