import { z } from 'zod';
import { GitSourceSchema, PublishedFileSchema } from './published.ts';
import { parseReference } from './reference.ts';

/** Whether a name is written in full, registry and tag: then nobody has to guess what is meant. */
export function isPinnable(text: string): boolean {
  const reference = parseReference(text);
  return (
    reference?.tag !== undefined && reference.digest === undefined && text.startsWith(`${reference.host}/`)
  );
}

const publishedReference = z
  .string()
  .refine(isPinnable, 'expected a full reference such as ghcr.io/owner/charts/name:1.2.3');

/** A named part of a bundle that a site can choose: `bundles/<name>.yaml`. */
export const BundleSetSchema = z.strictObject({
  apiVersion: z.literal('cpiab.dev/v1'),
  kind: z.literal('BundleSet'),
  name: z.string(),
  title: z.string(),
  /** Recipes below `images/oci`, each of which gives one or more images; or references of published ones. */
  images: z.array(
    z
      .string()
      .refine(
        (text) => /^[a-z0-9-]+$/.test(text) || isPinnable(text),
        'expected a recipe or a full reference such as ghcr.io/owner/name:v1',
      ),
  ),
  /** Full references of Helm charts that a registry has as OCI artifacts. */
  charts: z.array(publishedReference).default([]),
  /** Files that servers have. */
  files: z.array(PublishedFileSchema).default([]),
  /** Git repositories that servers have. */
  git: z.array(GitSourceSchema).default([]),
  /** Programs of `supply/go/programs.yaml` that run on the box itself, outside containers. */
  programs: z.array(z.string()),
  /** App folders below `cluster/kubernetes`, such as `platform/storage`. */
  apps: z.array(z.string()),
});
export type BundleSet = z.infer<typeof BundleSetSchema>;
