import { z } from 'zod';

const absolutePath = z
  .string()
  .regex(/^\/[^/].*[^/]$/, 'expected an absolute path without a slash at its end');
const mode = z.string().regex(/^[0-7]{3,4}$/, "expected octal digits in quotes, such as '1777'");

/** Where an image's version comes from: the build refuses a tag that says otherwise. */
const versionSource = z.union([
  /** A module that `supply/go/programs.yaml` names for this program. */
  z.strictObject({ program: z.string(), module: z.string() }),
  /** The upstream part of a Debian package's version. */
  z.strictObject({ debian: z.string() }),
  /** The npm package that `package-lock.json` pins, or `cpiab` for this repository's own version. */
  z.strictObject({ npm: z.string() }),
]);
export type VersionSource = z.infer<typeof versionSource>;

/** What a layer is made of. Missing parent directories are made, mode 0755, owned by root. */
const layerSource = z.union([
  /** One file that a Go program's build gives, executable. */
  z.strictObject({ go: z.string(), to: absolutePath }),
  /** The box's Node.js. Its libraries (libatomic, libstdc++, libgcc_s, libc) come from Debian packages. */
  z.strictObject({ node: absolutePath }),
  /** A TypeScript program of this repository, with all it imports, as one executable module. */
  z.strictObject({ script: z.string(), to: absolutePath }),
  /** Files of a Debian package that match a glob (relative to `/`), without its maintainer scripts. */
  z.strictObject({ debian: z.string(), take: z.array(z.string()).min(1) }),
  /** Every file below a directory of the recipe. */
  z.strictObject({ files: z.string() }),
  /** An empty directory. */
  z.strictObject({
    directory: absolutePath,
    mode: mode.default('755'),
    uid: z.int().nonnegative().default(0),
    gid: z.int().nonnegative().default(0),
  }),
  /** Symbolic links with one target, taken literally. */
  z.strictObject({ links: z.array(absolutePath).min(1), to: z.string().min(1) }),
  /** `/etc/passwd` and `/etc/group`; root is always there. */
  z.strictObject({
    users: z.array(
      z.strictObject({ name: z.string(), id: z.int().positive(), home: z.string().default('/') }),
    ),
  }),
]);
export type LayerSource = z.infer<typeof layerSource>;

/**
 * How to make a container image from parts in the lock: `images/oci/<name>/image.yaml`.
 * One recipe may give several images of the same layers; each has its own name, version and digest.
 */
export const ImageRecipeSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('ImageRecipe'),
  /** The folder's name. */
  name: z.string(),
  images: z
    .array(
      z.strictObject({
        /** Full name with registry host and tag: what pods say. */
        reference: z
          .string()
          .regex(/^[a-z0-9.-]+\.[a-z]+(\/[a-z0-9._-]+)+:[\w][\w.-]*$/, 'expected host/name:tag'),
        title: z.string(),
        version: versionSource,
      }),
    )
    .min(1),
  /** Lowest first. */
  layers: z.array(z.array(layerSource).min(1)).min(1),
  /** Source of these fields: OCI Image Specification 1.1, config.md. */
  config: z.strictObject({
    entrypoint: z.array(z.string()).optional(),
    cmd: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).default({}),
    workingDir: z.string().optional(),
    /** `uid` or `uid:gid`, numbers, so that the kubelet can check `runAsNonRoot`. */
    user: z
      .string()
      .regex(/^\d+(:\d+)?$/, 'expected numbers, such as 1000:1000')
      .optional(),
    /** Such as `8384/tcp`; for people, nothing is opened. */
    ports: z.array(z.string().regex(/^\d+\/(tcp|udp)$/)).default([]),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});
export type ImageRecipe = z.infer<typeof ImageRecipeSchema>;
