import { type Site, SiteSchema } from '../../../contract/site.ts';
import type { TestRegistry } from './server.ts';

/** A site that asks a test's registry for what is on ghcr.io. */
export const siteOf = ({ base }: TestRegistry): Site =>
  SiteSchema.parse({
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'harbour' },
    registries: { 'ghcr.io': { mirrors: [base.href] } },
  });
