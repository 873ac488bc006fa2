import type { AppList } from '../../contract/app-list.ts';
import { type BoxSite, hasBox } from '../../contract/site.ts';
import { needsOf } from '../../policy/closed/needs.ts';
import type { Finding } from '../../policy/finding.ts';
import { readApps, readSites } from '../../policy/rules/own-documents.ts';
import type { Tree } from '../../policy/tree/tree.ts';
import { readWorld } from '../../policy/world/read-world.ts';
import type { World } from '../../policy/world/world.ts';

/** Every app of a tree, with what it names and who runs it; and what of it could not be read. */
export async function listApps(
  tree: Tree,
  date: string,
): Promise<{ apps: AppList['apps']; findings: Finding[] }> {
  const { apps, findings } = await readApps(tree, date);
  const { sites, findings: wrong } = await readSites(tree);
  const boxes = sites.filter(hasBox);
  const folders = apps.map(({ folder }) => folder);
  const applied = await Promise.all(
    boxes.map(async (site) => ({ site, world: await readWorld(tree, site.name) })),
  );
  const read = await Promise.all(
    boxes.map(async (site) => ({ site, world: await readWorld(tree, site.name, folders) })),
  );
  const listed = apps.map(({ folder, content }) => {
    const { apiVersion: _, kind: __, exceptions: ___, secrets: ____, ...about } = content;
    const running = applied.filter(({ world }) => world.folders.has(folder));
    return { ...about, folder, images: imagesOf(folder, read), sites: running.map(({ site }) => site.name) };
  });
  return {
    apps: listed.toSorted((a, b) => (a.folder < b.folder ? -1 : 1)),
    findings: [...findings, ...wrong],
  };
}

function imagesOf(folder: string, read: readonly { site: BoxSite; world: World }[]): string[] {
  const found = read.flatMap(({ site, world }) => {
    const own = world.objects.filter(({ file }) => file.startsWith(`${folder}/`));
    return [...needsOf(own, site).images.keys()];
  });
  return [...new Set(found)].toSorted();
}
