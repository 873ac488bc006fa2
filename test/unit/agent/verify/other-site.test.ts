import { expect, test } from 'vitest';
import { readManifest } from '../../../../agent/verify/manifest.ts';
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
