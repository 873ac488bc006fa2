import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readManifest } from '../../../../agent/verify/manifest.ts';
import { encodePublicKey, generateSiteKey, signBytes } from '../../../../builder/bundle/minisign.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';
import { tinyBundle } from '../../../support/tiny-bundle.ts';

const here = freshDirectory();

test("a bundle of another site is refused, though this site's key signed it", async () => {
  const { directory } = await tinyBundle(here(), 'bundle', { sequence: 1, images: {} });
  const trust = { keyFile: here('keys', 'minisign.pub'), rotations: here('none') };
  const read = async (site: string) => await readManifest(directory, { ...trust, site });
  expect((await read('harbour')).manifest.site).toBe('harbour');
  const refused = await refusal(read('lab'));
  expect([refused.code, refused.exit]).toEqual(['E2111', 3]);
  expect(refused.message).toContain('made for site harbour');
});

test.each([
  ['another version', '{"apiVersion":"cpiab.dev/v9"}', 'apiVersion: Invalid input: expected "cpiab.dev/v1"'],
  ['something else', 'hello', 'not JSON'],
])('a manifest of %s is refused, though the site key signed it', async (_, text, why) => {
  const key = generateSiteKey();
  await mkdir(here('bundle'));
  await writeFile(here('key'), encodePublicKey(key));
  await writeFile(here('bundle', 'manifest.json'), text);
  await writeFile(here('bundle', 'manifest.json.minisig'), signBytes(Buffer.from(text), key, 'test'));
  const trust = { keyFile: here('key'), rotations: here('none'), site: 'lab' };
  const refused = await refusal(readManifest(here('bundle'), trust));
  expect([refused.code, refused.exit, refused.subject]).toEqual([
    'E2114',
    3,
    here('bundle', 'manifest.json'),
  ]);
  expect(refused.message).toContain(why);
});
