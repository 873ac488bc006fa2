import { randomBytes } from 'node:crypto';
import {
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openMedium } from '../../../builder/verify/open.ts';
import { trustedKey } from '../../../builder/verify/trusted-key.ts';
import { verifyMedium } from '../../../builder/verify/verify.ts';
import { run } from '../../../host/process.ts';
import { keptDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyBundle } from '../../support/tiny-bundle.ts';

const { signal } = new AbortController();
const here = keptDirectory();
/** Media of one bundle; they have no seal, which is looked at last. */
let good: { directory: string; iso: string; tarball: string; manifest: string; key: string };
beforeAll(async () => {
  const images = { 'a.io/app:1': [randomBytes(3e6)], 'a.io/other:1': [randomBytes(2e6)] };
  const { directory } = await tinyBundle(here(), 'bundle', { sequence: 1, images });
  const [iso, tarball, manifest] = [here('good.iso'), here('good.tar.zst'), join(directory, 'manifest.json')];
  const papers = ['manifest.json', 'manifest.json.minisig'];
  const others = (await readdir(directory)).filter((name) => !papers.includes(name));
  const names = [...papers, ...others].map((name) => join('bundle', name));
  await run(['tar', '--zstd', '-cf', tarball, '-C', here(), ...names]);
  await run(['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', iso, '-graft-points', `bundle=${directory}`]);
  good = { directory, iso, tarball, manifest, key: here('keys', 'minisign.pub') };
});

/** Checks a medium as `cpiab verify` does. */
async function verified(path: string) {
  const medium = await openMedium(path, signal);
  return await verifyMedium(medium, await trustedKey(medium, good.key), signal);
}

/** A damaged copy: of which, and how. */
async function damaged(from: string, damage: (path: string) => Promise<unknown>): Promise<string> {
  const path = here(`damaged-${Math.random()}`);
  await run(['cp', '-a', from, path]);
  await damage(path);
  return path;
}

const overwritten = (from: number, bytes: number) => async (path: string) => {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(bytes, 0xaa), 0, bytes, from);
  await file.close();
};
const cutTo = (part: number) => async (path: string) => {
  await truncate(path, Math.floor((await stat(path)).size * part));
};

describe('what is no medium', () => {
  test.each<[string, string, (path: string) => Promise<unknown>]>([
    ['an empty file', 'E2106', (path) => writeFile(path, '')],
    ['text', 'E2106', (path) => writeFile(path, 'hello')],
    ['an empty directory', 'E2106', (path) => mkdir(path)],
    ['a zip named as a tarball', 'E2106', (path) => writeFile(path, Buffer.from('PK\x03\x04', 'latin1'))],
    ['a tar by gzip', 'E2106', (path) => run(['tar', '-czf', path, '-C', good.directory, '.'])],
    [
      'a Zstandard frame of garbage',
      'E2106',
      async (path) => {
        await writeFile(here('garbage'), randomBytes(5000));
        await run(['zstd', '-q', '-o', path, here('garbage')]);
      },
    ],
    ['a Zstandard magic number alone', 'E2106', (path) => writeFile(path, Buffer.from('28b52ffd', 'hex'))],
    ['another tarball', 'E2106', (path) => run(['tar', '--zstd', '-cf', path, '-C', '/etc', 'hostname'])],
    [
      'another ISO',
      'E2106',
      (path) => run(['xorriso', '-as', 'mkisofs', '-quiet', '-o', path, '-graft-points', 'a=/etc/hostname']),
    ],
    [
      'an ISO of nothing but its magic number',
      'E2106',
      (path) => writeFile(path, Buffer.concat([Buffer.alloc(32769), Buffer.from('CD001')])),
    ],
  ])('%s is refused', async (name, code, make) => {
    const path = here(name.replaceAll(' ', '-'));
    await make(path);
    const refused = await refusal(verified(path));
    expect([refused.code, refused.exit]).toEqual([code, 3]);
    expect(refused.subject).toContain(path);
  });
});

describe('a medium that was damaged on its way', () => {
  test.each<[string, string, 'iso' | 'tarball', (path: string) => Promise<unknown>]>([
    ['a tarball that ends early', 'E2106', 'tarball', cutTo(0.5)],
    ['a tarball that ends after its manifest', 'E2106', 'tarball', cutTo(0.01)],
    ['a tarball with other bytes', 'E2103', 'tarball', overwritten(2_000_000, 100)],
    ['a tarball without its seal', 'E2107', 'tarball', async () => {}],
    ['an ISO that ends early', 'E2101', 'iso', cutTo(0.5)],
    ['an ISO of its head alone', 'E2106', 'iso', cutTo(0.005)],
    ['an ISO without a directory', 'E2106', 'iso', overwritten(34_816, 300_000)],
    ['an ISO with other bytes', 'E2103', 'iso', overwritten(3_000_000, 100)],
    ['an ISO without its seal', 'E2107', 'iso', async () => {}],
  ])('%s', async (_, code, kind, damage) => {
    const path = await damaged(good[kind], damage);
    const refused = await refusal(verified(path));
    expect(refused.code).toBe(code);
    expect(refused.subject).toContain(path);
  });
});

/** What is thrown beside it, which nobody could catch, fails the run. */
test('a file that a tarball lacks which ends early: refused, once', async () => {
  const medium = await openMedium(await damaged(good.tarball, cutTo(0.5)), signal);
  expect((await refusal(medium.read('bundle/none'))).code).toBe('E2106');
});

describe('a bundle directory', () => {
  const blob = async (path: string) => {
    const { blobs } = JSON.parse(await readFile(good.manifest, 'utf8')) as {
      blobs: { digest: string; role: string }[];
    };
    const layer = blobs.find(({ role }) => role === 'image-layer')?.digest.slice(7) ?? '';
    return join(path, 'blobs', 'sha256', layer);
  };
  /** Puts something else in the place of a file. */
  const instead = (name: string | null, put: (path: string) => Promise<unknown>) => async (path: string) => {
    const target = name === null ? await blob(path) : join(path, name);
    await rm(target);
    await put(target);
  };

  test('that is whole verifies', async () => {
    expect((await verified(good.directory)).manifest.site).toBe('harbour');
  });

  test.each<[string, string, string | null, (path: string) => Promise<unknown>]>([
    ['no manifest', 'E2106', 'manifest.json', async () => {}],
    ['no signature', 'E2106', 'manifest.json.minisig', async () => {}],
    ['an empty signature', 'E2101', 'manifest.json.minisig', (path) => writeFile(path, '')],
    ['an empty manifest', 'E2101', 'manifest.json', (path) => writeFile(path, '')],
    ['a manifest without end', 'E2131', 'manifest.json', (path) => run(['truncate', '-s', '1T', path])],
    ['a blob less', 'E2105', null, async () => {}],
    ['an empty blob', 'E2103', null, (path) => writeFile(path, '')],
    ['a pipe for a blob', 'E2132', null, (path) => run(['mkfifo', path])],
    ['a pipe for the manifest', 'E2132', 'manifest.json', (path) => run(['mkfifo', path])],
    ['a device for a blob', 'E2132', null, (path) => symlink('/dev/zero', path)],
    ['a link in a circle for a blob', 'E2132', null, (path) => symlink(path, path)],
    [
      'a link to the right content',
      'E2132',
      'oci-layout',
      (path) => symlink(join(good.directory, 'oci-layout'), path),
    ],
    ['a directory for a blob', 'E2105', null, (path) => mkdir(path)],
  ])('with %s is refused', async (_, code, name, put) => {
    const path = await damaged(good.directory, instead(name, put));
    const refused = await refusal(verified(path));
    expect([refused.code, refused.exit]).toEqual([code, 3]);
    expect(refused.subject).toContain(path);
  });

  test('with a file more is refused', async () => {
    const path = await damaged(good.directory, (copy) => copyFile('/etc/hostname', join(copy, 'extra')));
    expect((await refusal(verified(path))).code).toBe('E2104');
  });
});
