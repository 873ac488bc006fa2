import { siteSecrets } from '../contract/secrets.ts';
import { type BoxSite, hasBox } from '../contract/site.ts';
import { checkTree, distinct } from './check-tree.ts';
import type { Finding } from './finding.ts';
import { checkFiles } from './rules/files.ts';
import { readSites } from './rules/own-documents.ts';
import type { Tree } from './tree/tree.ts';
import { readWorld } from './world/read-world.ts';

export interface SitesCheck {
  /** Sites that have a box, by name: what their Git applies was looked at. */
  sites: string[];
  /** Folders of apps that none of them applies: looked at all the same. */
  unused: string[];
  /** Sites whose apps ask for Secrets, of which none was ever rendered: their owner has yet to. */
  unrendered: string[];
  findings: Finding[];
}

/** Holds a whole repository to the rules: what each of its sites applies, and the apps that none does. */
export async function checkSites(tree: Tree, date: string): Promise<SitesCheck> {
  const { sites, findings } = await readSites(tree);
  const boxes = sites.filter(hasBox);
  const unused = await unusedApps(tree, boxes);
  const found: Finding[] = [...findings, ...(await checkFiles(tree))];
  const unrendered: string[] = [];
  for (const [index, site] of boxes.entries()) {
    const also = index === 0 ? unused : [];
    const all = await checkTree({ tree, site, date, also });
    const due = hasSecrets(tree, site) ? [] : all.filter(({ rule }) => rule === 'secret-missing');
    if (due.length > 0) unrendered.push(site.name);
    found.push(...all.filter((finding) => !due.includes(finding)));
  }
  return { sites: boxes.map(({ name }) => name), unused, unrendered, findings: distinct(found) };
}

const hasSecrets = ({ entries }: Tree, { name }: BoxSite) =>
  entries.some(({ path }) => path.startsWith(`${siteSecrets.folder(name)}/`));

async function unusedApps(tree: Tree, sites: readonly BoxSite[]): Promise<string[]> {
  const worlds = await Promise.all(sites.map(({ name }) => readWorld(tree, name)));
  const folders = tree.entries.flatMap(
    ({ path }) => /^cluster\/kubernetes\/(?:platform|apps)\/[^/]+(?=\/)/.exec(path) ?? [],
  );
  return [...new Set(folders)].filter((folder) => !worlds.some((world) => world.folders.has(folder)));
}
