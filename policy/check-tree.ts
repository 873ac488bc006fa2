import type { BoxSite } from '../contract/site.ts';
import type { Finding } from './finding.ts';
import { checkApps, checkInternet } from './rules/apps.ts';
import { checkClosedWorld } from './rules/closed.ts';
import { appOf, type Carried, type Check, type RuleContext } from './rules/context.ts';
import { checkFields } from './rules/fields.ts';
import { checkFiles } from './rules/files.ts';
import { checkDependencies, checkSettings, checkSources, checkSystemFolder } from './rules/flux.ts';
import { checkNfs } from './rules/nfs.ts';
import { checkApiVersion, checkNamespace, checkShape, checkTwice } from './rules/objects.ts';
import { checkOrphans, checkSyntax } from './rules/orphans.ts';
import { readOwnDocuments } from './rules/own-documents.ts';
import { checkNetworkPolicies, checkPodSecurity, checkRoles } from './rules/permissions.ts';
import { checkPods } from './rules/pods.ts';
import { checkQueries } from './rules/queries.ts';
import { checkRoutes } from './rules/routes.ts';
import { checkSecrets } from './rules/secrets.ts';
import { mayBeExcepted } from './rules.ts';
import { loadObjectSchemas } from './schema/object-schemas.ts';
import { Paths, type Tree } from './tree/tree.ts';
import { readWorld } from './world/read-world.ts';

export interface TreeQuestion {
  tree: Tree;
  site: BoxSite;
  /** `YYYY-MM-DD` of the commit. */
  date: string;
  /** What the bundle has; without it nothing is held against a bundle. */
  carried?: Carried;
  /** Folders that the site does not apply, and that are looked at all the same. */
  also?: readonly string[];
}

/** Checks of what Flux would apply, in the order in which a reader would look. */
const checks: readonly Check[] = [
  checkShape,
  checkTwice,
  checkNamespace,
  checkApiVersion,
  checkFields,
  checkSecrets,
  checkSources,
  checkSettings,
  checkDependencies,
  checkSystemFolder,
  checkInternet,
  checkPods,
  checkRoles,
  checkNetworkPolicies,
  checkPodSecurity,
  checkRoutes,
  checkClosedWorld,
];

/** All that is wrong with what a commit holds. Nothing is rendered and nothing is run: it is read as it is written. */
export async function checkTree({ tree, site, date, carried, also = [] }: TreeQuestion): Promise<Finding[]> {
  const { apps, sets, findings } = await readOwnDocuments(tree, site.name, date);
  const world = await readWorld(tree, site.name, also);
  const schemas = await loadObjectSchemas();
  const context: RuleContext = {
    ...{ site, tree, paths: new Paths(tree), world, also },
    ...{ apps, sets, schemas, date, carried },
  };
  const found = [
    ...(await checkFiles(tree)),
    ...findings,
    ...world.findings,
    ...(await checkApps(context)),
    ...(await checkSyntax(context)),
    ...(await checkOrphans(context)),
    ...(await checkQueries(tree)),
    ...(await checkNfs(context)),
    ...checks.flatMap((check) => check(context)),
  ];
  return distinct(found.filter((finding) => !isExcepted(finding, context)));
}

/** Whether its app may break this rule for this object, at the date of the commit. */
function isExcepted({ rule, file, object }: Finding, { apps, date }: RuleContext): boolean {
  if (!mayBeExcepted(rule) || object === undefined) return false;
  const exceptions = appOf(file, apps)?.content.exceptions ?? [];
  return exceptions.some((one) => one.rule === rule && one.object === object && one.expires >= date);
}

/** A file that two Kustomizations use, or that a push brings and `main` gets, is wrong once. */
export function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}
