import { z } from 'zod';

/** A rule of the guardrails that one object may break, until a date. */
export const AppExceptionSchema = z.strictObject({
  rule: z.string(),
  /** `Kind/name`; a ConfigMap stands for the objects it holds. */
  object: z.string(),
  reason: z.string(),
  owner: z.string(),
  expires: z.iso.date(),
});

/** A label of DNS (RFC 1123): the app's namespace, folder and Kustomization are called so. */
export const AppNameSchema = z
  .string()
  .regex(
    /^[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?$/,
    'expected lower-case letters, digits and hyphens, a letter first, at most 40',
  );

/** A Secret that an app needs. Values come from the site's env file. */
export const AppSecretSchema = z.strictObject({
  /** Of the Secret, in the app's namespace. */
  name: z.string().regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/),
  /** Kind of content, as Kubernetes names it. */
  type: z.string().default('Opaque'),
  /** Folder of the app: it is asked for only where the site's Flux Kustomization has it in `components`. */
  component: AppNameSchema.optional(),
  /** Key of the Secret → variable of the env file. */
  keys: z.record(z.string().regex(/^[-._a-zA-Z0-9]+$/), z.string().regex(/^[A-Z][A-Z0-9_]*$/)),
  /** Whether the app works without it. Then a site need not give it values. Default no. */
  optional: z.boolean().default(false),
});
export type AppSecret = z.infer<typeof AppSecretSchema>;

/** A folder as the app's container sees it. */
const FolderSchema = z.string().regex(/^(?:\/[-._a-zA-Z0-9]+)+$/, 'expected an absolute path of plain names');

/** A volume that an app shares with others, which the post-check holds to what the app does there. */
export const AppMediaSchema = z.strictObject({
  /** In the app's namespace. */
  claim: z.string(),
  /** Folders where the app makes files. */
  writes: z.array(FolderSchema).min(1),
  /** Where it gives a file of one folder a second name in another: a hard link, which needs both in one mount. */
  links: z.array(z.strictObject({ from: FolderSchema, to: FolderSchema })).default([]),
});
export type AppMedia = z.infer<typeof AppMediaSchema>;

/** A login that stands before hosts of others: its Ingresses have them, and it passes on what they are asked for. */
export const AppLoginSchema = z.strictObject({
  /** Where one signs in: a label below the site's domain. */
  host: AppNameSchema,
  /** Each follows the host in the name of an OpenID provider (OpenID Connect Discovery 1.0, section 2). */
  issuers: z
    .array(z.string().regex(/^\/(?:[-._a-zA-Z0-9]+\/)+$/, 'expected a path of plain names between slashes'))
    .min(1),
});

/** One app, one folder, one namespace: `app.yaml` beside the app's manifests. */
export const AppSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('App'),
  /** The namespace; also the folder's name below `platform` and `apps`. */
  name: AppNameSchema,
  title: z.string(),
  owner: z.string(),
  /** The bundle set (`bundles/<name>.yaml`) that carries its images. */
  bundle: z.string(),
  supply: z.enum(['source', 'upstream']),
  /** How to tell that it works: an HTTP path of a Service, or that a Deployment is available. */
  health: z.union([
    z.strictObject({ service: z.string(), port: z.int().positive(), path: z.string().startsWith('/') }),
    z.strictObject({ deployment: z.string() }),
  ]),
  /** `none`: works offline and never calls out. `optional`: of no use offline; gates nothing. */
  internet: z.enum(['none', 'optional']),
  /** What a backup must keep: nothing, or the content of its claims. */
  backup: z.enum(['none', 'data']),
  /** Secrets that `cpiab secrets render` writes for it. */
  secrets: z.array(AppSecretSchema).default([]),
  /** Where it keeps media. */
  media: AppMediaSchema.optional(),
  /** Where people sign in, and whose hosts it guards. */
  login: AppLoginSchema.optional(),
  exceptions: z.array(AppExceptionSchema).default([]),
});
export type App = z.infer<typeof AppSchema>;
