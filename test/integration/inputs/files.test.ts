import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { siteKeys } from '../../../builder/bundle/keys.ts';
import { readSite } from '../../../builder/config/read-site.ts';
import { applyDelta } from '../../../builder/delta/apply.ts';
import { readBundleSets, readRecipe } from '../../../builder/fetch/recipes.ts';
import { lockInputs } from '../../../builder/lock/inputs.ts';
import { readLock } from '../../../builder/lock/read.ts';
import { findCredentials } from '../../../builder/registry/credentials.ts';
import { openRegistries } from '../../../builder/registry/registries.ts';
import { openMedium } from '../../../builder/verify/open.ts';
import { keyOf } from '../../../builder/verify/trusted-key.ts';
import { SiteSchema } from '../../../contract/site.ts';
import { findBoxRecord } from '../../../host/box-record.ts';
import { formatSignature } from '../../../host/minisign.ts';
import { asNobody, badFiles } from '../../support/bad-file.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyBundle } from '../../support/tiny-bundle.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const site = SiteSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  registries: { 'ghcr.io': { ca: 'config/ca.pem' } },
});

/** Something that says to be signed. */
const unsigned = { keyId: Buffer.alloc(8), signature: Buffer.alloc(64), globalSignature: Buffer.alloc(64) };
const text = formatSignature({ algorithm: 'ED', trustedComment: '', ...unsigned }, 'none');
const claim = {
  subject: 'medium',
  signature: async () => ({ text, path: 'medium' }),
  rotation: async () => null,
};

/** What reads a file that a person has made, named or moved: what it says of garbage, the file, and the reader. */
const readers: readonly [string, string, string, () => Promise<unknown>][] = [
  ['a bundle set', 'E1007', 'bundles/core.yaml', () => readBundleSets(here(), site)],
  ['a recipe', 'E1007', 'images/oci/web/image.yaml', () => readRecipe(here(), 'web')],
  ['a lock', 'E1041', 'config/clusters/lab.lock.json', () => readLock(here(), site)],
  [
    'logins',
    'E1041',
    'docker/config.json',
    () => findCredentials('ghcr.io', [here('docker/config.json')], signal),
  ],
  ['certificates', 'E1048', 'config/ca.pem', () => openRegistries(site, here(), signal).of('ghcr.io')],
  ['a key', 'E1049', 'keys/minisign.pub', () => keyOf(claim, here('keys/minisign.pub'))],
  ['a record of a box', 'E1052', 'boxes/one.json', () => findBoxRecord(here())],
];

async function parents(path: string): Promise<void> {
  await mkdir(dirname(here(path)), { recursive: true });
  // The directory is this user's alone, and nobody's reader writes beside what it reads.
  await chmod(here(), 0o777);
}

describe.each(readers)('where %s belongs', (_, garbled, path, read) => {
  test.each(badFiles)('%s', async (kind, code, put) => {
    // Whoever has no logins is nobody's mistake, and a folder of boxes that is none has none.
    if (kind === 'a file below a file' && /docker|boxes/.test(path)) return;
    await parents(path);
    await put(here(path));
    const refused = await asNobody(() => refusal(read()));
    expect(refused.code).toBe(code);
    expect(refused.subject).toContain(path);
    expect(refused.exit).toBe(2);
  });

  test('garbage', async () => {
    await parents(path);
    await writeFile(here(path), 'neither YAML: nor JSON: {');
    const refused = await refusal(read());
    expect(refused.code).toBe(garbled);
    expect(refused.subject).toContain(path);
  });
});

describe('where a medium or delta belongs', () => {
  // A directory may be a bundle.
  const others = badFiles.filter(([kind]) => kind !== 'a directory');

  test.each(others)('%s for a medium', async (_, code, put) => {
    await parents('media/lab.iso');
    await put(here('media/lab.iso'));
    const refused = await asNobody(() => refusal(openMedium(here('media/lab.iso'), signal)));
    expect([refused.code, refused.subject]).toEqual([code, here('media/lab.iso')]);
  });

  test.each(badFiles)('%s for a delta', async (_, code, put) => {
    const { directory, key } = await tinyBundle(here(), 'old', { sequence: 1, images: {} });
    await parents('media/one.delta');
    await put(here('media/one.delta'));
    const base = await openMedium(directory, signal);
    const request = {
      base,
      delta: here('media/one.delta'),
      out: here('new'),
      trust: async () => key,
      signal,
    };
    const refused = await asNobody(() => refusal(applyDelta(request)));
    expect([refused.code, refused.subject]).toEqual([code, here('media/one.delta')]);
    expect((await readdir(here())).filter((name) => name.startsWith('new'))).toEqual([]);
  });
});

describe('a file of the site', () => {
  const link = async (path: string, target: string) => {
    await parents(path);
    await symlink(target, here(path));
  };

  test.each([
    ['config/clusters/lab.yaml', () => readSite(here(), 'lab')],
    ['bundles/core.yaml', () => lockInputs(here(), site)],
  ] as const)('that is a link out of the repository is refused: %s', async (path, read) => {
    await parents('config/clusters/lab.yaml');
    await writeFile(here('config/clusters/lab.yaml'), 'apiVersion: cpiab.dev/v1\nkind: Site\nname: lab\n');
    await rm(here(path), { force: true });
    await link(path, '/etc/hostname');
    const refused = await refusal(read());
    expect([refused.code, refused.subject]).toEqual(['E1045', path]);
    expect(refused.message).toContain('/etc/hostname');
  });

  test('may be a link within the repository', async () => {
    await parents('shared/lab.yaml');
    await parents('bundles/core.yaml');
    await writeFile(here('bundles/core.yaml'), '');
    await writeFile(here('shared/lab.yaml'), 'apiVersion: cpiab.dev/v1\nkind: Site\nname: lab\n');
    await link('config/clusters/lab.yaml', '../../shared/lab.yaml');
    expect((await readSite(here(), 'lab')).name).toBe('lab');
  });

  test('that is damaged is named: the secret key', async () => {
    await parents('keys/minisign.key');
    await writeFile(here('keys/minisign.key'), 'untrusted comment: cut off\nRWQ');
    expect((await refusal(siteKeys(here('keys')))).code).toBe('E1050');
  });
});
