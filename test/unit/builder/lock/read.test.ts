import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readSite } from '../../../../builder/config/read-site.ts';
import { lockInputs } from '../../../../builder/lock/inputs.ts';
import { lockPath, readLock } from '../../../../builder/lock/read.ts';
import { formatLock } from '../../../../builder/lock/resolve.ts';
import { LockSchema } from '../../../../contract/lock.ts';
import { type Site, SiteSchema } from '../../../../contract/site.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const here = freshDirectory();
const site: Site = SiteSchema.parse({
  apiVersion: 'cpiab.dev/v1',
  kind: 'Site',
  name: 'lab',
  engine: { version: 'v1.36.3' },
});
const head = { apiVersion: 'cpiab.dev/v1' } as const;
const bundleSet = (images: string[], title = 'core') =>
  JSON.stringify({ ...head, kind: 'BundleSet', name: 'core', title, images, programs: ['kube'], apps: [] });
const recipe = (title: string) =>
  JSON.stringify({
    ...{ ...head, kind: 'ImageRecipe', name: 'busybox', config: {} },
    images: [{ reference: 'cpiab.dev/oci/busybox:1', title, version: { debian: 'busybox-static' } }],
    layers: [[{ directory: '/tmp', mode: '1777' }]],
  });
const program = (name: string, tags: string[]) => ({
  ...{ name, dir: name, outputs: [{ bin: name, package: '.' }], tags, variables: {} },
  modules: [{ module: `example.org/${name}`, version: 'v1.0.0', licence: 'MIT' }],
});
const programs = (...tags: string[]) => JSON.stringify([program('kube', tags)]);

/** Name in the lock, path where it isn't that, content, and another. */
const inputs: [name: string, path: string, text: string, other: string][] = [
  ['bundles/core.yaml', 'bundles/core.yaml', bundleSet(['busybox']), bundleSet(['busybox'], 'other')],
  ['config/clusters/lab.yaml', 'config/clusters/lab.yaml', 'site', 'other'],
  ['images/oci/busybox/image.yaml', 'images/oci/busybox/image.yaml', recipe('one'), recipe('other')],
  ['images/os/packages.yaml', 'images/os/packages.yaml', 'packages', 'other'],
  ['package-lock.json', 'package-lock.json', '{}', '[]'],
  ['supply/go/kube/go.mod', 'supply/go/kube/go.mod', 'module kube', 'other'],
  ['supply/go/kube/go.sum', 'supply/go/kube/go.sum', 'sums', 'other'],
  ['supply/go/programs.yaml#kube', 'supply/go/programs.yaml', programs(), programs('tag')],
];

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(here(path)), { recursive: true });
  await writeFile(here(path), text);
}

const write = async (text: string) => await put('config/clusters/lab.lock.json', text);
const lockNow = async () => await write(formatLock(tinyLock({ inputs: await lockInputs(here(), site) })));

beforeEach(async () => {
  for (const [, path, text] of inputs) await put(path, text);
  await put('README.md', 'no input');
  await lockNow();
});

describe('readLock', () => {
  test('gives the lock and the digest of its text', async () => {
    const { lock, digest } = await readLock(here(), site);
    expect(Object.keys(lock.inputs)).toEqual(inputs.map(([name]) => name));
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    await write(`${await readFile(lockPath(here(), 'lab'), 'utf8')}\n`);
    expect((await readLock(here(), site)).digest).not.toBe(digest);
  });

  test.each(inputs)('refuses a lock older than %s, naming it', async (name, path, _text, other) => {
    await put(path, other);
    const error = await refusal(readLock(here(), site));
    expect(error).toMatchObject({ code: 'E1005', exit: 2 });
    expect(error.message).toBe(`the lock is older than what it was made from: ${name}`);
    expect(error.hint).toContain('./cpiab lock lab');
  });

  test('refuses a lock when an input came or went, naming all of them', async () => {
    await put('images/os/more.yaml', 'new');
    await put('bundles/core.yaml', bundleSet([]));
    expect((await refusal(readLock(here(), site))).message).toMatch(
      /: bundles\/core\.yaml, images\/oci\/busybox\/image\.yaml, images\/os\/more\.yaml$/,
    );
  });

  test.each<[string, { site?: string; sets?: Record<string, string[]> }, string]>([
    ['of another site', { site: 'harbour' }, 'it is of site harbour'],
    ['without the set that builds run in', { sets: { os: ['git'] } }, 'it has no packages of set build'],
    ['without the system of the box', { sets: { build: ['git'] } }, 'it has no packages of set os'],
    [
      'without a package of a set',
      { sets: { os: ['git', 'nano'], build: ['git'] } },
      'it does not pin nano of set os',
    ],
  ])('refuses a current lock %s', async (_, { site: name = 'lab', sets }, why) => {
    const lock = tinyLock({ site: name, inputs: await lockInputs(here(), site) });
    await write(formatLock(sets === undefined ? lock : { ...lock, debian: { ...lock.debian, sets } }));
    const error = await refusal(readLock(here(), site));
    expect(error).toMatchObject({ code: 'E1061', exit: 2, subject: lockPath(here(), 'lab') });
    expect(error.message).toBe(`the lock does not fit its site: ${why}`);
    expect(error.hint).toContain('./cpiab lock lab');
  });

  test('refuses a stand-in for an image, unless the site only rehearses', async () => {
    const digest = `sha256:${'a'.repeat(64)}` as const;
    const image = {
      reference: 'ghcr.io/team/app:1',
      digest,
      manifest: digest,
      size: 1,
      standIn: true as const,
    };
    await write(formatLock(tinyLock({ inputs: await lockInputs(here(), site), upstream: [image] })));
    const error = await refusal(readLock(here(), site));
    expect(error).toMatchObject({ code: 'E1061', exit: 2 });
    expect(error.message).toMatch(
      /it has a stand-in for ghcr\.io\/team\/app:1, and the site is no rehearsal$/,
    );
    expect((await readLock(here(), { ...site, rehearsal: true })).lock.upstream).toEqual([image]);
  });

  test('does not mind what decides nothing of this site', async () => {
    await put('README.md', 'changed');
    await put('bundles/media.yaml', bundleSet(['player']));
    await put('images/oci/player/image.yaml', recipe('a player'));
    await put('supply/go/programs.yaml', JSON.stringify([program('kube', []), program('player', [])]));
    await put('supply/go/player/go.mod', 'module player');
    await readLock(here(), site);
  });

  test('without a lock, names what has no digest, and from where a machine gets it', async () => {
    const images = ['quay.io/team/app:1.2', 'docker.io/library/app:3', 'busybox'];
    await put('bundles/core.yaml', bundleSet(images));
    await rm(lockPath(here(), 'lab'));
    const { code, exit, message, hint } = await refusal(readLock(here(), site));
    expect({ code, exit }).toEqual({ code: 'E1047', exit: 2 });
    expect(message).toBe(
      'there is no lock yet, so these have no digest: docker.io/library/app:3, quay.io/team/app:1.2',
    );
    expect(hint).toBe(
      'run `./cpiab lock lab` on a machine that reaches docker.io, quay.io, and commit config/clusters/lab.lock.json',
    );
  });

  test.each(['[]', '{"kind":"Lock"}'])('refuses what is not a lock: %j', async (text) => {
    await write(text);
    expect(await refusal(readLock(here(), site))).toMatchObject({
      code: 'E1004',
      subject: lockPath(here(), 'lab'),
    });
  });

  test('names the places of what is wrong in it', async () => {
    const text = formatLock(tinyLock({ inputs: await lockInputs(here(), site) })).replace(
      '"arch":"amd64"',
      '"arch":"arm64"',
    );
    await write(text);
    const line = text.split('\n').findIndex((found) => found.includes('arm64')) + 1;
    const { others } = await refusal(readLock(here(), site));
    expect(others.map(({ code }) => code)).toContain('E1002');
    expect(others.find(({ code }) => code === 'E1002')?.subject).toMatch(
      new RegExp(`^${lockPath(here(), 'lab')}:${line}:\\d+ debian\\.packages\\[0\\]\\.arch$`),
    );
  });

  test('refuses a lock with a key that this version does not know', async () => {
    await write(JSON.stringify({ ...tinyLock(), extra: 1 }));
    expect(await refusal(readLock(here(), site))).toMatchObject({ code: 'E1004' });
  });
});

describe('formatLock', () => {
  test('is read back as the same lock', () => {
    const lock = tinyLock();
    expect(LockSchema.parse(JSON.parse(formatLock(lock)))).toEqual(lock);
  });

  test('has one line for each package, and for nothing else of it', () => {
    const lines = formatLock(tinyLock()).split('\n');
    const about = lines.filter((line) => line.includes('"version":"1:2.47.3-0+deb13u1"'));
    expect(about).toHaveLength(1);
    expect(JSON.parse(about[0]?.replace(/,$/, '') ?? '')).toEqual(tinyLock().debian.packages[0]);
    expect(lines.at(-1)).toBe('');
  });

  test('does not depend on the order of members', () => {
    const { site: name, ...rest } = tinyLock();
    expect(formatLock({ ...rest, site: name })).toBe(formatLock(tinyLock()));
  });
});

test("the committed lock is as formatLock writes it, and of this tree's inputs", async () => {
  const repository = join(import.meta.dirname, '../../../..');
  const { lock } = await readLock(repository, await readSite(repository, 'lab'));
  expect(await readFile(lockPath(repository, 'lab'), 'utf8')).toBe(formatLock(lock));
});
