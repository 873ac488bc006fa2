import { z } from 'zod';
import { AppSchema } from './app.ts';

const about = AppSchema.omit({ apiVersion: true, kind: true, secrets: true, exceptions: true }).shape;

/** What `cpiab app list --json` prints. */
export const AppListSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('AppList'),
  apps: z.array(
    z.strictObject({
      /** All of its `app.yaml`, but what it keeps secret and where it breaks a rule. */
      ...about,
      /** Below the repository. */
      folder: z.string(),
      /** Every image that its manifests name, in full. */
      images: z.array(z.string()),
      /** Sites that run it. */
      sites: z.array(z.string()),
    }),
  ),
});
export type AppList = z.infer<typeof AppListSchema>;
