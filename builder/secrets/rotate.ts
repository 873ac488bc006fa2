import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import { writeAtomic } from '../../host/files.ts';
import { addAgeKey, retireAgeKeys } from './age-key.ts';
import { readRecipients, writeRecipients } from './creation-rules.ts';
import { recipientsIn } from './manifest.ts';
import { ensureKey, manifestsBelow, type Rendered } from './render.ts';
import type { Workbench } from './workbench.ts';

/**
 * Encrypts every Secret of the site anew, each with a new data key, for those that .sops.yaml names.
 * Killed at any point, every manifest is whole; run again, all are done.
 * @throws CpiabError E1423, E1425, E3095.
 */
export async function rotateDataKeys(bench: Workbench): Promise<Rendered[]> {
  const { repository, site } = bench;
  const { key, recipients } = await ensureKey(bench);
  const sops = bench.sops(key.path);
  const rotated: Rendered[] = [];
  for (const path of await manifestsBelow(repository, siteSecrets.folder(site.name))) {
    const file = join(repository, path);
    const before = recipientsIn(await readFile(file, 'utf8'));
    const add = recipients.filter((one) => !before.includes(one));
    const remove = before.filter((one) => !recipients.includes(one));
    await writeAtomic(file, await sops.rotate(file, { add, remove }, path));
    rotated.push({ path, state: 'written' });
  }
  return rotated;
}

/**
 * A new age key in the place of the site's: Secrets are for the new one alone. The old one stays in the key file,
 * so that boxes which were handed the file decrypt what was before, until `retireOldKeys`.
 */
export async function rotateAgeKey(bench: Workbench): Promise<Rendered[]> {
  const { repository, site, keys } = bench;
  const { key: before, recipients } = await ensureKey(bench);
  const key = await addAgeKey(keys, before);
  const others = recipients.filter((one) => !before.recipients.includes(one));
  await writeRecipients(repository, site.name, [...key.recipients.slice(0, 1), ...others]);
  return await rotateDataKeys(bench);
}

/**
 * Deletes the keys before the newest.
 * @returns how many. @throws CpiabError E3095 naming a Secret that only they decrypt; all stay then.
 */
export async function retireOldKeys(bench: Workbench): Promise<number> {
  const { repository, site, keys } = bench;
  const { key } = await ensureKey(bench);
  const [newest = ''] = key.recipients;
  const listed = await readRecipients(repository, site.name);
  const manifests = await manifestsBelow(repository, siteSecrets.folder(site.name));
  for (const path of manifests) {
    if (recipientsIn(await readFile(join(repository, path), 'utf8')).includes(newest)) continue;
    const why = `it is not for ${newest}, the newest key; ${listed?.join(', ') ?? 'nobody'} may read it`;
    throw new CpiabError('E3095', { subject: path, args: ['keep', why] });
  }
  await retireAgeKeys(keys, key);
  return key.secrets.length - 1;
}
