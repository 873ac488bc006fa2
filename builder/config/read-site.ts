import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { all, wrongValue } from '../../contract/document/mistakes.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleSetsOf, hasBox, type Site, SiteSchema } from '../../contract/site.ts';
import { fileError } from '../../host/input-file.ts';
import { chosenMedia } from './media.ts';
import { readYaml } from './read-yaml.ts';
import { rejectLinksOut } from './repository-file.ts';

const FOLDER = join('config', 'clusters');

/**
 * Reads and checks a site's definition, `config/clusters/<name>.yaml`.
 * @throws CpiabError E1009 no such site; what `readYaml` throws; E1012 another name inside; E1011 it asks for what
 *   this version can't build; E1080 a medium that only a box has; E1045 it is a link out of the repository.
 */
export async function readSite(repository: string, name: string): Promise<Site> {
  const known = await namesIn(join(repository, FOLDER));
  if (!known.includes(name)) throw new CpiabError('E1009', { subject: name, args: [known.join(', ')] });
  const shown = join(FOLDER, `${name}.yaml`);
  await rejectLinksOut(repository, shown);
  const { content: site, mistakes } = await readYaml(join(repository, shown), SiteSchema, shown);
  if (site.name !== name) throw new CpiabError('E1012', { subject: shown, args: [site.name] });
  const sets = await namesIn(join(repository, 'bundles'));
  const wrong = [...bundleSetsOf(site).entries()].filter(([, set]) => !sets.includes(set));
  if (wrong.length > 0) {
    const expected = `one of ${sets.join(', ')}`;
    throw all(mistakes(wrong.map(([index, set]) => wrongValue(['bundles', index], expected, set))));
  }
  rejectUnsupported(site, shown);
  return site;
}

function rejectUnsupported(site: Site, shown: string): void {
  if (hasBox(site) && site.supply !== 'source')
    throw new CpiabError('E1011', { subject: shown, args: [`supply ${site.supply}`] });
  chosenMedia(site, site.media, shown);
}

/** Names of a folder's `.yaml` files, sorted; none when there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw fileError(error, folder);
  });
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .toSorted();
}
