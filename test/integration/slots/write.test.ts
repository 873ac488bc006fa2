import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { checkSlot } from '../../../agent/slots/check.ts';
import { SlotWriter } from '../../../agent/slots/write.ts';
import { readManifest, type Trust } from '../../../agent/verify/manifest.ts';
import { mediumId } from '../../../contract/boot-menu.ts';
import { bundleFiles } from '../../../contract/layout.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyBundle } from '../../support/tiny-bundle.ts';
import { damage } from '../../support/tiny-medium.ts';

const { signal } = new AbortController();
const path = freshDirectory();
let trust: Trust;
let bundle: string;

beforeEach(async () => {
  const images = { 'ghcr.io/team/app:1.0': [randomBytes(300_000), randomBytes(70_000)] };
  ({ directory: bundle } = await tinyBundle(path(), 'bundle', { sequence: 1, images }));
  trust = { keyFile: path('keys', 'minisign.pub'), rotations: path('rotations'), site: 'harbour' };
});

async function written() {
  const signed = await readManifest(bundle, trust);
  const names = [bundleFiles.manifest, bundleFiles.signature, ...Object.keys(signed.manifest.files)];
  const papers = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(bundle, name))] as const)),
  );
  const root = path('slot');
  await mkdir(root);
  const writer = new SlotWriter(root, { ...signed, papers });
  await writer.begin();
  for (const { digest } of signed.manifest.blobs) {
    const source = join(bundle, bundleFiles.blobs, digest.slice(7));
    await writer.add(digest, createReadStream(source), signal);
  }
  await writer.finish();
  return { root, ...signed };
}

describe('a written slot', () => {
  test('has the bundle to the byte, and what boots it', async () => {
    const { root, digest } = await written();
    await run(['diff', '--recursive', bundle, join(root, 'bundle')]);
    expect((await readdir(root)).toSorted()).toEqual(['.disk', 'boot', 'bundle']);
    expect(await readdir(join(root, '.disk'))).toEqual([mediumId(digest)]);
    expect(await readFile(join(root, 'boot/grub/grub.cfg'), 'utf8')).toContain(mediumId(digest));
    expect((await checkSlot(root, trust, signal)).digest).toBe(digest);
  });

  test('holds each blob once', async () => {
    const { root, manifest } = await written();
    const largest = manifest.blobs.toSorted((a, b) => b.size - a.size)[0]?.digest.slice(7) ?? '';
    expect((await stat(join(root, 'bundle', bundleFiles.blobs, largest))).nlink).toBe(2);
  });

  test('is refused when a bit of a blob is turned', async () => {
    const { root, manifest } = await written();
    for (const { digest } of manifest.blobs) {
      const file = join(root, 'bundle', bundleFiles.blobs, digest.slice(7));
      await damage(file, 0);
      const refused = await refusal(checkSlot(root, trust, signal));
      expect([refused.code, refused.subject]).toEqual(['E2103', expect.stringContaining(digest)]);
      await damage(file, 0);
    }
    await checkSlot(root, trust, signal);
  });

  test.each(['boot/grub/grub.cfg', 'bundle/oci-layout', 'bundle/docker/registry/v2/repositories'])(
    'is refused without %s',
    async (name) => {
      const { root } = await written();
      await rm(join(root, name), { recursive: true });
      expect((await refusal(checkSlot(root, trust, signal))).code).toBe('E2105');
    },
  );

  test('is refused with a menu that starts something else', async () => {
    const { root } = await written();
    await writeFile(join(root, 'boot/grub/grub.cfg'), 'chainloader +1\n');
    expect((await refusal(checkSlot(root, trust, signal))).code).toBe('E2103');
  });

  test('takes no blob that is not what it is called', async () => {
    const signed = await readManifest(bundle, trust);
    await mkdir(path('slot'));
    const writer = new SlotWriter(path('slot'), { ...signed, papers: new Map() });
    await writer.begin();
    const [first] = signed.manifest.blobs;
    const wrong = writer.add(first?.digest ?? '', createReadStream(join(bundle, 'index.json')), signal);
    expect((await refusal(wrong)).code).toBe('E2103');
  });
});
