import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppNameSchema } from '../../contract/app.ts';
import { BundleSetSchema, isPinnable } from '../../contract/bundle-set.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleSetsOf } from '../../contract/site.ts';
import { ensureDirectory, renameDurably, writeAtomic } from '../../host/files.ts';
import { requireFile } from '../../host/input-file.ts';
import { readSite } from '../config/read-site.ts';
import { readYaml } from '../config/read-yaml.ts';
import { readRecipe } from '../fetch/recipes.ts';
import { appFiles, fluxKustomization } from './app-files.ts';
import { appendTo } from './append.ts';
import type { NewApp, PlannedApp } from './planned-app.ts';

const ROOT = join('cluster', 'kubernetes');
const PAGE_RECIPE = 'busybox';

/**
 * Makes an app's folder, names it in a bundle set, and lets a site run it.
 * @returns what was written, below the repository, in that order.
 * @throws CpiabError before anything is written: E1002 for a name, image or bundle set that is none, E1017 for an app
 *   that is there, E1082 for a site without the bundle set; what `readSite` and `readYaml` throw.
 */
export async function makeApp(repository: string, app: NewApp): Promise<string[]> {
  const planned = await plan(repository, app);
  const folder = join(ROOT, 'apps', app.name);
  const fresh = `${folder}.new`;
  const written: string[] = [];
  // What an earlier try left there.
  await rm(join(repository, fresh), { recursive: true, force: true });
  for (const [name, text] of appFiles(planned)) {
    await put(repository, join(fresh, name), text);
    written.push(join(folder, name));
  }
  await renameDurably(join(repository, fresh), join(repository, folder));
  if (app.site !== undefined) {
    const sites = join(ROOT, 'flux', app.site);
    await put(repository, join(sites, `${app.name}.yaml`), fluxKustomization(planned));
    const list = join(sites, 'kustomization.yaml');
    await appendTo(join(repository, list), { resources: [`${app.name}.yaml`] });
    written.push(join(sites, `${app.name}.yaml`), list);
  }
  const set = join('bundles', `${app.bundle}.yaml`);
  await appendTo(join(repository, set), {
    images: [app.image ?? PAGE_RECIPE],
    apps: [`apps/${app.name}`],
  });
  return [...written, set];
}

async function put(repository: string, path: string, text: string): Promise<void> {
  await ensureDirectory(join(repository, path, '..'));
  await writeAtomic(join(repository, path), text);
}

async function plan(repository: string, app: NewApp): Promise<PlannedApp> {
  await rejectName(repository, app.name);
  const sets = await namesIn(repository, 'bundles', '.yaml');
  if (!sets.includes(app.bundle)) throw wrong('--bundle', `one of ${sets.join(', ')}`, app.bundle);
  const shown = join('bundles', `${app.bundle}.yaml`);
  await readYaml(join(repository, shown), BundleSetSchema, shown);
  if (app.site !== undefined) await rejectSite(repository, app, app.site);
  return { ...app, ...(await imageOf(repository, app.image ?? PAGE_RECIPE)) };
}

async function rejectSite(repository: string, { name, bundle }: NewApp, site: string): Promise<void> {
  const carried = bundleSetsOf(await readSite(repository, site));
  if (!carried.includes(bundle))
    throw new CpiabError('E1082', { subject: `site ${site}`, args: [bundle, site] });
  const folder = join(ROOT, 'flux', site);
  const known = await namesIn(repository, folder);
  if (known.includes(`${name}.yaml`))
    throw new CpiabError('E1017', { subject: join(folder, `${name}.yaml`) });
  await requireFile(join(repository, folder, 'kustomization.yaml'), join(folder, 'kustomization.yaml'));
}

async function rejectName(repository: string, name: string): Promise<void> {
  const parsed = AppNameSchema.safeParse(name);
  if (!parsed.success)
    throw wrong('NAME', parsed.error.issues[0]?.message.replace('expected ', '') ?? 'a name', name);
  // Source: Kubernetes, "Initial namespaces"; `kube-` is reserved for Kubernetes' own.
  if (name === 'default' || name.startsWith('kube-'))
    throw wrong('NAME', "a name that is not one of Kubernetes' own namespaces", name);
  for (const place of ['apps', 'platform'])
    if ((await namesIn(repository, join(ROOT, place))).includes(name))
      throw new CpiabError('E1017', { subject: join(ROOT, place, name) });
  // The controller's namespace.
  if (name === 'flux-system') throw new CpiabError('E1017', { subject: join(ROOT, 'flux', 'system') });
}

async function imageOf(repository: string, image: string): Promise<Pick<PlannedApp, 'reference' | 'supply'>> {
  if (isPinnable(image)) return { reference: image, supply: 'upstream' };
  const recipes = await namesIn(repository, join('images', 'oci'));
  if (!recipes.includes(image))
    throw wrong(
      '--image',
      `a full reference such as ghcr.io/owner/name:1.2.3, or a recipe: ${recipes.join(', ')}`,
      image,
    );
  const [first] = (await readRecipe(repository, image)).images;
  if (first === undefined) throw wrong('--image', 'a recipe that makes an image', image);
  return { reference: first.reference, supply: 'source' };
}

const wrong = (subject: string, expected: string, found: string) =>
  new CpiabError('E1002', { subject, args: [expected, JSON.stringify(found)] });

/** Names in a folder without their end; none when there is no such folder. */
async function namesIn(repository: string, folder: string, end = ''): Promise<string[]> {
  const names = await readdir(join(repository, folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith(end))
    .map((name) => name.slice(0, name.length - end.length))
    .toSorted();
}
