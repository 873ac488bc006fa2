import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

/** A value from the Secret, by its key there. */
const secret = z.strictObject({ secret: z.string().regex(/^[-._a-z0-9]+$/) });
const plain = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.union([z.string(), z.number()])),
]);
/** Names and values as the app's own API has them. */
const settings = z.record(z.string(), z.union([plain, secret]));
export type Settings = z.infer<typeof settings>;
export type Plain = z.infer<typeof plain>;

const origin = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''));
const absolutePath = z.string().startsWith('/');
const app = { url: origin, apiKey: secret };

/** Something that an app of the Servarr family makes from one of its templates, such as a download client. */
const provider = z.strictObject({
  /** Its name in the app is this and ` (Git)`. */
  name: z.string().min(1),
  /** The template's name. */
  implementation: z.string(),
  settings: settings.default({}),
  fields: settings.default({}),
});
export type Provider = z.infer<typeof provider>;

/** Of a person in one of the apps. */
const login = z.strictObject({ username: z.string(), password: secret });
export type Login = z.infer<typeof login>;

const library = z.strictObject({
  ...app,
  rootFolders: z.array(absolutePath).default([]),
  mediaManagement: settings.default({}),
  downloadClients: z.array(provider).default([]),
});
export type Library = z.infer<typeof library>;

/** What Git says of the apps: `config.yaml`. An app that it does not name is left alone. */
export const ConfigSchema = z.strictObject({
  qbittorrent: z
    .strictObject({
      /** Over loopback, where qBittorrent asks for no password. */
      url: origin,
      preferences: z.record(z.string(), plain).default({}),
      /** Name → where its files go. */
      categories: z.record(z.string(), absolutePath).default({}),
      /** What others log in with. Without the Secret it stays as it is. */
      login: login.optional(),
    })
    .optional(),
  sonarr: library.optional(),
  radarr: library.optional(),
  prowlarr: z
    .strictObject({
      ...app,
      applications: z.array(provider).default([]),
      downloadClients: z.array(provider).default([]),
    })
    .optional(),
  /** Section → settings, as in Bazarr's own config.yaml. */
  bazarr: z.strictObject({ ...app, settings: z.record(z.string(), settings) }).optional(),
  jellyfin: z
    .strictObject({
      url: origin,
      /** Its first user, made where there is none. */
      login,
      /** As in its ServerConfiguration. */
      settings: settings.default({}),
      libraries: z
        .array(
          z.strictObject({
            name: z.string().min(1),
            type: z.enum(['movies', 'tvshows', 'music', 'books', 'homevideos', 'musicvideos', 'boxsets']),
            // Its API takes a list with commas.
            paths: z.array(absolutePath.regex(/^[^,]+$/)).min(1),
          }),
        )
        .default([]),
    })
    .optional(),
  seerr: z
    .strictObject({
      ...app,
      /** Jellyfin, with whose user it is set up where nobody has. */
      jellyfin: z.strictObject({ url: origin, login, libraries: z.array(z.string()).default([]) }).optional(),
      sonarr: z.array(z.strictObject({ name: z.string(), profile: z.string(), settings })).default([]),
      radarr: z.array(z.strictObject({ name: z.string(), profile: z.string(), settings })).default([]),
    })
    .optional(),
});
export type Config = z.infer<typeof ConfigSchema>;
export type AppName = keyof Config;

export async function readConfig(path: string): Promise<Config> {
  const read = ConfigSchema.safeParse(parse(await readFile(path, 'utf8')));
  if (!read.success) throw new Error(`${path}: ${z.prettifyError(read.error)}`);
  return read.data;
}
