import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CpiabError } from '../../contract/errors.ts';
import { siteSecrets } from '../../contract/secrets.ts';
import { ensureDirectory, writeAtomic } from '../../host/files.ts';
import { type AgeKey, addAgeKey, readAgeKey } from './age-key.ts';
import { readRecipients, writeRecipients } from './creation-rules.ts';
import { type DeclaredSecret, declaredSecrets } from './declared.ts';
import { isLeftOut, readEnvFile, requireValues, type Values } from './env-file.ts';
import { componentOf, manifestOf, plainSecret, recipientsIn } from './manifest.ts';
import type { Sops } from './sops.ts';
import type { Workbench } from './workbench.ts';

/** What became of a manifest. */
export interface Rendered {
  path: string;
  state: 'written' | 'unchanged' | 'removed';
}

/**
 * Writes the manifests of all Secrets that the site's apps ask for. One whose content and recipients are
 * already so stays as it is, since encrypting it again would only give other bytes.
 * @throws CpiabError E1006, E1420…E1423, E1425, E3095. Values are checked before anything is written.
 */
export async function renderSecrets(bench: Workbench): Promise<Rendered[]> {
  const { repository, site, signal } = bench;
  const all = await declaredSecrets(repository, site, signal);
  const rendered: Rendered[] = [];
  let declared: DeclaredSecret[] = [];
  if (all.length > 0) {
    const values = await readEnvFile(repository, site.name);
    requireValues(site.name, values, all);
    declared = all.filter((secret) => !isLeftOut(secret, values));
    const { key, recipients } = await ensureKey(bench);
    const sops = bench.sops(key.path);
    for (const secret of declared)
      rendered.push(await renderOne(secret, { values, recipients, repository, sops }));
    await writeComponents(repository, declared);
  }
  return [...rendered, ...(await removeOthers(bench, declared))];
}

/**
 * The site's key and for whom its Secrets are encrypted; the first use makes both.
 * @throws CpiabError E1423 when they are for a key that isn't here.
 */
export async function ensureKey({
  repository,
  site,
  keys,
}: Pick<Workbench, 'repository' | 'site' | 'keys'>): Promise<{ key: AgeKey; recipients: string[] }> {
  const recipients = await readRecipients(repository, site.name);
  const present = await readAgeKey(keys);
  if (recipients === null) {
    const key = present ?? (await addAgeKey(keys, null));
    const own = key.recipients.slice(0, 1);
    await writeRecipients(repository, site.name, own);
    return { key, recipients: own };
  }
  if (present === null || !present.recipients.some((one) => recipients.includes(one)))
    throw new CpiabError('E1423', { subject: siteSecrets.rules, args: [site.name] });
  return { key: present, recipients };
}

interface Means {
  values: Values;
  recipients: string[];
  repository: string;
  sops: Sops;
}

async function renderOne(secret: DeclaredSecret, means: Means): Promise<Rendered> {
  const { values, recipients, repository, sops } = means;
  const { path } = secret;
  const file = join(repository, path);
  const plain = plainSecret(secret, values);
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before !== null && isDeepStrictEqual(recipientsIn(before), recipients.toSorted())) {
    const content: unknown = JSON.parse(await sops.decrypt(before, path));
    if (isDeepStrictEqual(content, plain)) return { path, state: 'unchanged' };
  }
  await ensureDirectory(join(file, '..'));
  await writeAtomic(file, await sops.encrypt(manifestOf(plain), recipients, path));
  return { path, state: 'written' };
}

async function writeComponents(repository: string, declared: readonly DeclaredSecret[]): Promise<void> {
  for (const [folder, all] of Map.groupBy(declared, ({ path }) => posix.dirname(path))) {
    const file = join(repository, folder, 'kustomization.yaml');
    const text = componentOf(all.map(({ name }) => name));
    if ((await readFile(file, 'utf8').catch(() => null)) !== text) await writeAtomic(file, text);
  }
}

/** Nobody asks for them any more. */
async function removeOthers(
  { repository, site }: Workbench,
  declared: readonly DeclaredSecret[],
): Promise<Rendered[]> {
  const folder = siteSecrets.folder(site.name);
  const present = await manifestsBelow(repository, folder);
  const gone = present.filter((path) => !declared.some((one) => one.path === path));
  for (const path of gone) await rm(join(repository, path));
  const left = new Set(declared.map(({ path }) => posix.dirname(path)));
  for (const path of gone.map((one) => posix.dirname(one)))
    if (!left.has(path)) await rm(join(repository, path), { recursive: true, force: true });
  return gone.map((path) => ({ path, state: 'removed' as const }));
}

/** Manifests of a site's Secrets, below the repository, sorted. */
export async function manifestsBelow(repository: string, folder: string): Promise<string[]> {
  const names = await readdir(join(repository, folder), { recursive: true }).catch(() => []);
  return names
    .filter((name) => name.endsWith('.yaml') && basename(name) !== 'kustomization.yaml')
    .map((name) => posix.join(folder, name))
    .toSorted();
}
