import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkRepository } from '../../../builder/check/check.ts';
import { appCommand } from '../../../cli/commands/app.ts';
import { AppSchema } from '../../../contract/app.ts';
import { AppListSchema } from '../../../contract/app-list.ts';
import { change, write } from '../../support/bad-commits/bad-commit.ts';
import { idleContext } from '../../support/context.ts';
import { WorkCopy } from '../../support/work-copy.ts';

const { signal } = new AbortController();
let work: WorkCopy;
beforeAll(async () => {
  work = await WorkCopy.make();
});
afterEach(() => work.reset());
afterAll(() => work.remove());

/** What the command prints, and the status it ends with. */
async function run(...args: string[]) {
  const notes: string[] = [];
  let printed: { document: unknown; text: string } | undefined;
  let status = 0;
  const context = {
    ...idleContext(work.root),
    note: (line: string) => void notes.push(line),
    print: (document: unknown, text: string) => {
      printed = { document, text };
    },
    exitWith: (wanted: number) => {
      status = wanted;
    },
  };
  const command = appCommand(context);
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: 'user' });
  if (printed === undefined) throw new Error('nothing was printed');
  return { ...printed, notes, status };
}

const check = async () =>
  (await checkRepository({ repository: work.root, paths: [], date: '2026-11-22' }, signal)).findings;
const text = (path: string) => readFile(work.path(path), 'utf8');
const folder = 'cluster/kubernetes/apps/notes';

describe('a new app keeps every rule as it is made', () => {
  test.each([
    ['with nothing said', []],
    ['of a recipe, which keeps something', ['--image', 'syncthing', '--port', '8384', '--data', '/data']],
    ['of an image that others publish', ['--image', 'ghcr.io/owner/notes:1.2.3', '--path', '/healthz']],
    ['with words that YAML would take for something else', ['--title', 'yes: # no', '--owner', '1e3']],
    ['that no site runs', ['--bundle', 'identity', '--no-site']],
  ])('%s', async (_, options) => {
    await run('new', 'notes', ...options);
    expect(await check()).toEqual([]);
    const app = AppSchema.parse(parse(await text(`${folder}/app.yaml`)));
    expect(app.name).toBe('notes');
    // Git sees all of it: nothing is named in a way that it ignores.
    const status = await work.git('status', '--porcelain', '--untracked-files=all');
    expect(status).toContain(`?? ${folder}/README.md`);
    expect(await work.git('status', '--porcelain', '--ignored')).not.toContain('!!');
  });
});

test('everything is told that is written, and nothing else is', async () => {
  const { document, text: shown } = await run('new', 'notes');
  const { written } = document as { written: string[] };
  const status = await work.git('status', '--porcelain', '--untracked-files=all');
  expect(written.toSorted()).toEqual(
    // `git` trims the first space of the output.
    status
      .split('\n')
      .map((line) => line.trim().replace(/^(?:M|\?\?) /, ''))
      .toSorted(),
  );
  expect(shown).toContain(`next: ./cpiab check ${folder}`);
  expect(shown).toContain('then: ./cpiab lock lab');
});

test('the set and the site name it beside what they have, with their comments', async () => {
  const before = parse(await text('bundles/core.yaml'));
  const list = 'cluster/kubernetes/flux/lab/kustomization.yaml';
  const [comment] = (await text(list)).split('\n');
  await run('new', 'notes', '--image', 'ghcr.io/owner/notes:1.2.3', '--data', '/data');
  expect(parse(await text('bundles/core.yaml'))).toEqual({
    ...before,
    images: [...before.images, 'ghcr.io/owner/notes:1.2.3'],
    apps: [...before.apps, 'apps/notes'],
  });
  expect((await text(list)).split('\n')[0]).toBe(comment);
  expect(parse(await text(list)).resources).toEqual(['storage.yaml', 'syncthing.yaml', 'notes.yaml']);
  const { spec } = parse(await text('cluster/kubernetes/flux/lab/notes.yaml'));
  expect(spec).toMatchObject({ path: `./${folder}`, dependsOn: [{ name: 'storage' }] });
});

test('an image that the set has already is not named again', async () => {
  const { images } = parse(await text('bundles/core.yaml'));
  await run('new', 'notes', '--image', 'syncthing');
  expect(parse(await text('bundles/core.yaml')).images).toEqual(images);
});

describe('refused before anything is written', () => {
  test.each([
    ['a name with capitals', ['Notes'], 'E1002'],
    ['a name that leads elsewhere', ['../notes'], 'E1002'],
    ['a name that ends with a hyphen', ['notes-'], 'E1002'],
    ['a name that is too long', ['n'.repeat(41)], 'E1002'],
    ["Kubernetes' own namespace", ['kube-system'], 'E1002'],
    ['an app that is there', ['syncthing'], 'E1017'],
    ['an app of the platform', ['storage'], 'E1017'],
    ["Flux's own namespace", ['flux-system'], 'E1017'],
    ['a bundle set that is not there', ['notes', '--bundle', 'medai'], 'E1002'],
    ['an image without a tag', ['notes', '--image', 'ghcr.io/owner/notes'], 'E1002'],
    ['a recipe that is not there', ['notes', '--image', 'notes'], 'E1002'],
    ['a site that is not there', ['notes', '--site', 'lob'], 'E1009'],
    ['a site without the set', ['notes', '--bundle', 'identity'], 'E1082'],
  ])('%s', async (_, args, code) => {
    await expect(run('new', ...args)).rejects.toMatchObject({ code, exit: 2 });
    expect(await work.git('status', '--porcelain')).toBe('');
  });

  test.each([
    ['a port that is none', ['--port', '0']],
    ['a path without a slash', ['--path', 'healthz']],
    ['a title of two lines', ['--title', 'a\nb']],
  ])('%s', async (_, options) => {
    await expect(run('new', 'notes', ...options)).rejects.toThrow('expected');
    expect(await work.git('status', '--porcelain')).toBe('');
  });

  test('an app that the site has a Kustomization of', async () => {
    await write('cluster/kubernetes/flux/lab/notes.yaml', 'mine\n')(work);
    await expect(run('new', 'notes')).rejects.toMatchObject({ code: 'E1017' });
    expect(await text('cluster/kubernetes/flux/lab/notes.yaml')).toBe('mine\n');
  });

  test('the same app again', async () => {
    await run('new', 'notes');
    await work.git('add', '--all');
    await expect(run('new', 'notes')).rejects.toMatchObject({ code: 'E1017' });
    expect(await work.git('diff', '--name-only')).toBe('');
    await work.git('reset', '--quiet');
  });
});

describe('the list', () => {
  test('has each app with its images and the sites that run it', async () => {
    const { document, text: shown, status } = await run('list');
    const { apps } = AppListSchema.parse(document);
    expect(apps.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['greeting', 'syncthing', 'flux-system', 'storage']),
    );
    expect(apps.find(({ name }) => name === 'syncthing')).toEqual({
      name: 'syncthing',
      title: 'Syncthing',
      owner: 'tools',
      bundle: 'core',
      supply: 'source',
      health: { service: 'syncthing', port: 8384, path: '/rest/noauth/health' },
      internet: 'none',
      backup: 'data',
      folder: 'cluster/kubernetes/apps/syncthing',
      images: ['cpiab.dev/oci/busybox:1.37.0', 'cpiab.dev/oci/syncthing:1.29.5'],
      sites: expect.arrayContaining(['homelab', 'lab', 'lab-stage1']),
    });
    expect(apps.find(({ name }) => name === 'greeting')).toMatchObject({
      images: ['cpiab.dev/oci/busybox:1.37.0', 'cpiab.dev/oci/svid:2.9.0'],
      sites: [],
    });
    expect(shown).toContain('syncthing:8384/rest/noauth/health');
    expect(status).toBe(0);
  });

  test('tells of an app.yaml that it cannot read: status 1', async () => {
    await change('cluster/kubernetes/apps/syncthing/app.yaml', 'owner:', 'ownr:')(work);
    const { document, notes, status } = await run('list');
    const { apps } = AppListSchema.parse(document);
    expect(apps.map(({ name }) => name)).not.toContain('syncthing');
    expect(notes.join('\n')).toContain('cluster/kubernetes/apps/syncthing/app.yaml:5: own-document');
    expect(status).toBe(1);
  });
});
