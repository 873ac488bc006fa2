import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { hasBox, type Site, SiteSchema } from '../../contract/site.ts';
import { wrongValue } from './mistakes.ts';
import { all, readYaml } from './read-yaml.ts';

const FOLDER = join('config', 'clusters');

/**
 * Reads and checks a site's definition, `config/clusters/<name>.yaml`.
 * @throws CpiabError E1009 no such site; E1001…E1014 every mistake in the file, at `file:line:column`;
 *   E1012 another name inside; E1011 it asks for what this version can't build.
 */
export async function readSite(repository: string, name: string): Promise<Site> {
  const known = await namesIn(join(repository, FOLDER));
  if (!known.includes(name)) throw new CpiabError('E1009', { subject: name, args: [known.join(', ')] });
  const shown = join(FOLDER, `${name}.yaml`);
  const { content: site, mistake } = await readYaml(join(repository, shown), SiteSchema, shown);
  if (site.name !== name) throw new CpiabError('E1012', { subject: shown, args: [site.name] });
  const sets = await namesIn(join(repository, 'bundles'));
  const wrong = [...site.bundles.entries()].filter(([, set]) => !sets.includes(set));
  if (wrong.length > 0) {
    throw all(
      wrong.map(([index, set]) => mistake(wrongValue(['bundles', index], `one of ${sets.join(', ')}`, set))),
    );
  }
  rejectUnsupported(site, shown);
  return site;
}

function rejectUnsupported(site: Site, shown: string): void {
  if (hasBox(site) && site.supply !== 'source')
    throw new CpiabError('E1011', { subject: shown, args: [`supply ${site.supply}`] });
  if (site.engine?.kind === 'k3s') throw new CpiabError('E1011', { subject: shown, args: ['engine k3s'] });
  if (!hasBox(site) && site.media?.includes('iso')) {
    throw new CpiabError('E1011', { subject: shown, args: ['an ISO of a site without an engine'] });
  }
}

/** Names of a folder's `.yaml` files, sorted; none when there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .toSorted();
}
