import { z } from 'zod';
import { AppSchema } from './app.ts';

const { name, title, owner, bundle, supply, health, internet, backup, media } = AppSchema.shape;

/** What `cpiab app list --json` prints. */
export const AppListSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('AppList'),
  apps: z.array(
    z.strictObject({
      ...{ name, title, owner, bundle, supply, health, internet, backup, media },
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
