import { z } from 'zod';

/** A named part of a bundle that a site can choose: `bundles/<name>.yaml`. */
export const BundleSetSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('BundleSet'),
  name: z.string(),
  title: z.string(),
  /** Recipes below `images/oci`; each gives one or more images. */
  images: z.array(z.string()),
  /** Programs of `supply/go/programs.yaml` that run on the box itself, outside containers. */
  programs: z.array(z.string()),
  /** App folders below `cluster/kubernetes`, such as `platform/storage`. */
  apps: z.array(z.string()),
});
export type BundleSet = z.infer<typeof BundleSetSchema>;
