import type { z } from 'zod';
import type { AppSchema } from '../../contract/app.ts';
import type { BundleSet } from '../../contract/bundle-set.ts';
import type { BoxSite } from '../../contract/site.ts';
import type { CarriedImages } from '../closed/carried.ts';
import type { Finding } from '../finding.ts';
import type { ObjectSchemas } from '../schema/object-schemas.ts';
import type { Paths, Tree } from '../tree/tree.ts';
import type { World } from '../world/world.ts';

/** An app.yaml that is as it should be. */
export interface App {
  /** Where it lies. */
  folder: string;
  file: string;
  content: z.infer<typeof AppSchema>;
}

/** What a bundle has, under every name that Git may use for it. */
export interface Carried {
  images: CarriedImages;
  charts: ReadonlySet<string>;
  repositories: ReadonlySet<string>;
}

/** All that rules look at. */
export interface RuleContext {
  site: BoxSite;
  tree: Tree;
  paths: Paths;
  world: World;
  /** Folders in it that nothing of the site applies. */
  also: readonly string[];
  apps: readonly App[];
  /** What `bundles/` has. */
  sets: readonly BundleSet[];
  /** What the Kubernetes of boxes says of its objects. */
  schemas: ObjectSchemas;
  /** `YYYY-MM-DD` of the commit: what a rule says of a commit must not depend on when it is asked. */
  date: string;
  /** Undefined where there is no bundle to hold Git against. */
  carried: Carried | undefined;
}

export type Check = (context: RuleContext) => Finding[];

/** The app whose folder is nearest above a file. */
export function appOf(file: string, apps: readonly App[]): App | undefined {
  return apps
    .filter(({ folder }) => file.startsWith(`${folder}/`))
    .toSorted((a, b) => b.folder.length - a.folder.length)[0];
}
