import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Puller } from '../../../agent/serve/git/pull/pull.ts';
import { type GitPull, GitPullSchema } from '../../../contract/git-pull.ts';
import { run } from '../../../host/process.ts';
import { BoxGit } from '../../support/box-git.ts';
import { type GitServer, startGitServer } from '../../support/git-server.ts';
import { removeTree } from '../../support/remove-tree.ts';

const { signal } = new AbortController();
let directory: string;
let box: BoxGit;
let server: GitServer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cpiab-pull-'));
  for (const name of ['alice', 'stranger'])
    await run(['ssh-keygen', '-q', '-N', '', '-C', '', '-t', 'ed25519', '-f', join(directory, name)]);
  const [type, key] = (await readFile(join(directory, 'alice.pub'), 'utf8')).split(' ');
  box = await BoxGit.start({ signed: 'ssh', allowedSigners: [`alice@example.org ${type} ${key}`] });
  await run(['git', 'clone', '--quiet', '--bare', box.work, join(directory, 'remote', 'site.git')]);
  server = await startGitServer(directory, { root: join(directory, 'remote') });
});
afterEach(async () => {
  await server.stop();
  await box.stop();
  await removeTree(directory);
});

/** Where the site says that the branch is: a name that only this setting knows. */
const setting = (more: Partial<GitPull> = {}) =>
  GitPullSchema.parse({
    url: new URL('site.git', server.base).href,
    ca: server.ca,
    ...more,
  });

/** How often a way out was opened, and whether one is open. */
const ways = { opened: 0, open: false };
async function wayOut<Result>(work: () => Promise<Result>): Promise<Result> {
  ways.opened++;
  ways.open = true;
  try {
    return await work();
  } finally {
    ways.open = false;
  }
}

function puller(more: Partial<GitPull> = {}): Puller {
  const { repository, site, carried } = box.gate;
  const publish = async () => void box.published.push((await repository.head()).id);
  const parts = { repository, site, carried, publish, wayOut };
  const place = join(directory, 'fetched');
  return new Puller({ ...parts, pull: setting(more), audit: () => box.api.audit, directory: place });
}

let commits = 0;

/** A commit of the work tree, signed by somebody, on the remote's branch. */
async function committed(who: 'alice' | 'stranger' | null, ...push: string[]): Promise<string> {
  const key = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${join(directory, who ?? '')}`];
  const sign = who === null ? [] : key;
  await box.git('add', '--all');
  await box.git(
    ...sign,
    'commit',
    '--quiet',
    '--allow-empty',
    ...(who === null ? [] : ['-S']),
    '-m',
    // Two commits of one second on one parent would be the same commit.
    `change ${++commits}`,
  );
  await box.git('push', '--quiet', join(directory, 'remote', 'site.git'), 'HEAD:main', ...push);
  return await box.git('rev-parse', 'HEAD');
}

const head = async () => (await box.repository.head()).id;
const audited = async () =>
  (await box.api.audit.read(0)).entries
    .filter(({ action }) => action === 'pull')
    .map(({ outcome, who }) => [outcome, who.name]);

describe('a box that pulls', () => {
  test('takes signed commits, publishes them, and writes it down', async () => {
    expect(await puller().look(signal)).toEqual({ state: 'current', head: await head(), detail: '' });
    await committed('alice');
    const newest = await committed('alice');
    expect(await puller().look(signal)).toEqual({ state: 'pulled', head: newest, detail: '' });
    expect(await head()).toBe(newest);
    expect(box.published).toEqual([newest]);
    expect(await audited()).toEqual([
      ['begun', 'box'],
      ['done', 'box'],
    ]);
    await run(['git', '--git-dir', box.repository.path, 'fsck', '--full', '--strict']);
  });

  test.each([
    ['nobody', null, 'is not signed'],
    ['somebody else', 'stranger', 'the site does not allow'],
  ] as const)('takes no commit that %s signed, and none above it', async (_, who, why) => {
    const before = await head();
    await committed(who);
    const newest = await committed('alice');
    const found = await puller().look(signal);
    expect(found).toMatchObject({ state: 'refused', head: newest, detail: expect.stringContaining(why) });
    expect(await head()).toBe(before);
    expect(await audited()).toEqual([['refused', 'box']]);
  });

  test('holds what comes to the rules of a push, keeps nothing of it, and asks once', async () => {
    await box.edit('cluster/kubernetes/apps/syncthing/deployment.yaml', (text) =>
      text.replaceAll('cpiab.dev/oci/syncthing', 'cpiab.dev/oci/unknown'),
    );
    const bad = await committed('alice');
    const one = puller();
    const found = await one.look(signal);
    expect(found).toMatchObject({ state: 'refused', detail: expect.stringContaining('image-missing') });
    expect(await one.look(signal)).toEqual(found);
    expect(await audited()).toHaveLength(1);
    await expect(run(['git', '--git-dir', box.repository.path, 'cat-file', '-e', bad])).rejects.toThrow();
    expect(await readdir(directory)).not.toContain('fetched');
    await box.git('checkout', '--quiet', 'HEAD~', '--', '.');
    const good = await committed('alice');
    expect(await one.look(signal)).toMatchObject({ state: 'pulled', head: good });
  });

  test('never goes back, nor aside', async () => {
    await committed('alice');
    await puller().look(signal);
    const before = await head();
    await box.git('reset', '--quiet', '--hard', 'HEAD~');
    await committed('alice', '--force');
    expect(await puller().look(signal)).toMatchObject({ state: 'diverged' });
    await box.git('push', '--quiet', '--force', join(directory, 'remote', 'site.git'), 'HEAD~:main');
    expect(await puller().look(signal)).toMatchObject({ state: 'ahead' });
    expect(await head()).toBe(before);
    expect(await audited()).toHaveLength(2);
  });

  test('changes nothing that is not written down', async () => {
    await committed('alice');
    const { repository, site, carried } = box.gate;
    const parts = { repository, site, carried, wayOut, publish: async () => {} };
    const place = join(directory, 'fetched');
    const blind = new Puller({ ...parts, pull: setting(), audit: () => undefined, directory: place });
    const before = await head();
    expect(await blind.look(signal)).toMatchObject({ state: 'waiting', detail: 'the audit log is not open' });
    expect(await head()).toBe(before);
  });
});

describe('the way there', () => {
  test('is open while the box asks, and shut again', async () => {
    ways.opened = 0;
    await puller().look(signal);
    expect(ways).toEqual({ opened: 1, open: false });
  });

  test('asks no name server: a name has an address of its own', async () => {
    const { port } = server.base;
    const found = await puller({ url: `https://localhost:${port}/site.git`, address: '127.0.0.1' }).look(
      signal,
    );
    expect(found.state).toBe('current');
    const elsewhere = await puller({ url: `https://localhost:${port}/site.git`, address: '127.0.0.9' });
    expect(await elsewhere.look(signal)).toMatchObject({ state: 'unreachable', head: null });
  });

  test.each([
    ['trusts no certificate but those it was given', async () => puller({ ca: undefined }), /certificate/i],
    ['says that the branch is not there', async () => puller({ branch: 'release' }), /no branch release/],
    [
      'follows nobody elsewhere',
      async () => {
        server.redirects.set('/site.git', 'https://127.0.0.1:1/other.git');
        return puller();
      },
      /302|redirect/i,
    ],
    [
      'is told when nobody is there',
      async () => {
        const made = puller();
        await server.stop();
        server = await startGitServer(directory, { root: directory });
        return made;
      },
      /connect/i,
    ],
  ])('%s', async (_, make, why) => {
    const found = await (await make()).look(signal);
    expect(found).toMatchObject({ state: 'unreachable', head: null, detail: expect.stringMatching(why) });
  });
});
