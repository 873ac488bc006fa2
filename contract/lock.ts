import { z } from 'zod';
import { DigestSchema } from './manifest.ts';
import { sha256 } from './sha256.ts';

/** Version of the engine, in what comes with its release. */
const release = z.string().optional();

/** One Debian binary package, as its suite's signed index describes it. */
export const DebianPackageSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  arch: z.enum(['amd64', 'all']),
  /** Path below the mirror, e.g. `pool/main/z/zstd/zstd_1.5.7_amd64.deb`. */
  path: z.string(),
  /** Which archive the path is below: `debian` or `debian-security`. */
  archive: z.enum(['debian', 'debian-security']),
  sha256,
  /** Bytes of the .deb. */
  size: z.int().positive(),
  /** KiB on disk after unpacking, as the package declares. */
  installed: z.int().nonnegative(),
});
export type DebianPackage = z.infer<typeof DebianPackageSchema>;

/** A signed Debian index the packages were resolved from. */
export const DebianIndexSchema = z.strictObject({
  suite: z.string(),
  archive: z.enum(['debian', 'debian-security']),
  /** `Date` of the Release file, seconds since the epoch. */
  date: z.int(),
  /** SHA-256 of the InRelease file. */
  sha256,
});
export type DebianIndex = z.infer<typeof DebianIndexSchema>;

/**
 * The lock: every reference a build uses, pinned. Written by `cpiab lock`, read by the builder.
 * Sorted, so that a difference reads line by line.
 */
export const LockSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('Lock'),
  site: z.string(),
  /** Seconds since the epoch: every time stamp in an artifact. The newest Debian index's date. */
  epoch: z.int(),
  /** SHA-256 of what the lock was made from; a build refuses a lock whose inputs changed since. */
  inputs: z.record(z.string(), sha256),
  debian: z.strictObject({
    indexes: z.array(DebianIndexSchema),
    packages: z.array(DebianPackageSchema),
    /** Package names of each set: `os`, `build`, `go`, and one `image/<name>` for each image recipe. */
    sets: z.record(z.string(), z.array(z.string())),
  }),
  /** Go programs: their module and version; go.sum pins every dependency. */
  go: z.array(
    z.strictObject({ name: z.string(), module: z.string(), version: z.string(), sumDigest: sha256 }),
  ),
  node: z.strictObject({ package: z.string(), version: z.string(), integrity: z.string() }),
  images: z.array(z.strictObject({ name: z.string(), recipeDigest: sha256 })),
  /** Published images, by the full reference that a bundle set or the list of the engine's release names. */
  upstream: z.array(
    z.strictObject({
      reference: z.string(),
      /** What the tag named: a manifest, or an index of many platforms. */
      digest: DigestSchema,
      /** The manifest of linux/amd64; `digest` itself where there is no index. */
      manifest: DigestSchema,
      /** Of the manifest with its signatures, where the site has a key for it. */
      signature: DigestSchema.optional(),
      /** Manifests of signatures, bills of materials and attestations that refer to it (OCI 1.1). Sorted. */
      referrers: z.array(DigestSchema).optional(),
      release,
      /** Whether it only stands in for the image of that name: a rehearsal's. */
      standIn: z.literal(true).optional(),
      /** Bytes of config and layers, its own and those of what refers to it. */
      size: z.int().nonnegative(),
    }),
  ),
  /** Published Helm charts, by the full reference that the bundle sets name. */
  charts: z
    .array(
      z.strictObject({
        reference: z.string(),
        /** Of the chart's manifest. */
        digest: DigestSchema,
        /** Bytes of config and layers. */
        size: z.int().nonnegative(),
      }),
    )
    .default([]),
  /** Published files, by where they are put. */
  files: z
    .array(
      z.strictObject({
        path: z.string(),
        url: z.string(),
        release,
        sha256,
        /** Bytes. */
        size: z.int().nonnegative(),
      }),
    )
    .default([]),
  /** Published Git repositories, each at a commit. */
  git: z
    .array(
      z.strictObject({
        url: z.string(),
        /** As the bundle set has it. */
        ref: z.string(),
        /** The whole name of branch or tag; of a commit the name that its bundle gives it. */
        name: z.string(),
        commit: z.string().regex(/^[0-9a-f]{40}$/, 'expected 40 lower-case hexadecimal digits'),
      }),
    )
    .default([]),
  /** Estimates for the preflight check, bytes. */
  sizes: z.strictObject({ download: z.int(), cache: z.int(), output: z.int() }),
});
export type Lock = z.infer<typeof LockSchema>;
