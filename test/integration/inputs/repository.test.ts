import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { packCommit } from '../../../builder/bundle/git.ts';
import { headOf } from '../../../builder/bundle/head.ts';
import { survey } from '../../../builder/close/survey.ts';
import { checkOut, optionalApps } from '../../../builder/close/tree.ts';
import { Cache } from '../../../host/cache.ts';
import { run } from '../../../host/process.ts';
import { bubblewrap } from '../../../host/sandbox.ts';
import { asNobody } from '../../support/bad-file.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const here = freshDirectory();
const { signal } = new AbortController();
const repository = () => here('repository');

function git(...args: string[]): string {
  const settings = [
    'user.name=A',
    'user.email=a@example.org',
    'commit.gpgsign=false',
    'protocol.file.allow=always',
  ];
  const options = settings.flatMap((setting) => ['-c', setting]);
  return execFileSync('git', [...options, ...args], {
    cwd: repository(),
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();
}

async function put(path: string, text = 'content\n'): Promise<void> {
  await mkdir(dirname(join(repository(), path)), { recursive: true });
  await writeFile(join(repository(), path), text);
}

function commit(): string {
  git('add', '--all');
  git('commit', '--quiet', '--message', 'x');
  return git('rev-parse', 'HEAD');
}

const head = async (dirty = false) => await headOf(repository(), dirty, signal);

beforeEach(async () => {
  await mkdir(repository());
  git('init', '--quiet');
});

describe('a repository that is refused', () => {
  test.each<[string, string, string, () => Promise<unknown>]>([
    ['that is not there', 'E1013', '/repository', () => rm(repository(), { recursive: true })],
    [
      'that is a file',
      'E1013',
      '/repository',
      async () => {
        await rm(repository(), { recursive: true });
        await writeFile(repository(), '');
      },
    ],
    ['that is none', 'E1013', '/repository', () => rm(join(repository(), '.git'), { recursive: true })],
    ['without a commit', 'E1013', '/repository', async () => {}],
    [
      'whose HEAD is garbage',
      'E1013',
      '/repository',
      async () => {
        await put('a');
        commit();
        await writeFile(join(repository(), '.git', 'HEAD'), 'garbage');
      },
    ],
    [
      'that lacks objects',
      'E1057',
      '/repository',
      async () => {
        await put('folder/a');
        commit();
        const tree = git('rev-parse', 'HEAD:folder');
        await rm(join(repository(), '.git', 'objects', tree.slice(0, 2), tree.slice(2)));
      },
    ],
    [
      'that is cut off',
      'E1016',
      '/repository',
      async () => {
        await put('a');
        commit();
        await put('b');
        commit();
        await run(['git', 'clone', '--quiet', '--depth=1', `file://${repository()}`, here('shallow')]);
        await rm(repository(), { recursive: true });
        await symlink(here('shallow'), repository());
      },
    ],
    [
      'with a submodule',
      'E1055',
      '"vendor/ä"',
      async () => {
        await put('a');
        commit();
        git('submodule', '--quiet', 'add', repository(), 'vendor/ä');
        commit();
      },
    ],
    [
      'with a pointer of Git LFS',
      'E1056',
      '"big\\nfile.bin"',
      async () => {
        await put(
          'big\nfile.bin',
          `${['version https:', '', 'git-lfs.github.com', 'spec', 'v1'].join('/')}\noid sha256:0\nsize 9\n`,
        );
        commit();
      },
    ],
    [
      'with changes',
      'E1008',
      '/repository',
      async () => {
        await put('a');
        commit();
        await put('ü b\nc');
      },
    ],
  ])('%s', async (_, code, subject, make) => {
    await make();
    const refused = await refusal(head());
    expect([refused.code, refused.exit]).toEqual([code, 2]);
    expect(refused.subject).toContain(subject);
  });

  test('that is of another user', async () => {
    await put('a');
    commit();
    // Where the test runs as nobody else, there is nobody whose it could be.
    if (process.getuid?.() !== 0) return;
    for (const path of [here(), repository(), join(repository(), '.git')]) await chmod(path, 0o755);
    await chown(join(repository(), '.git'), 12_345, 12_345);
    await chown(repository(), 12_345, 12_345);
    const refused = await asNobody(() => refusal(head()));
    expect(refused.code).toBe('E1054');
    expect(refused.hint).toContain('safe.directory');
  });
});

describe('a repository that is as good as others', () => {
  test('is on no branch', async () => {
    await put('a');
    const first = commit();
    await put('b');
    commit();
    git('checkout', '--quiet', '--detach', first);
    expect(await head()).toMatchObject({ commit: first, revision: first, sequence: 1 });
  });

  test('talks of Git LFS without using it', async () => {
    await put(
      'notes.md',
      `Pointers begin with\n${['version https:', '', 'git-lfs.github.com', 'spec', 'v1'].join('/')}\n`,
    );
    commit();
    expect((await head()).sequence).toBe(1);
  });

  test('has names of every kind, links in circles and long paths, and is packed whole', async () => {
    const long = `${'deep/'.repeat(180)}file`;
    const names = [
      '-rf',
      '--help',
      'a\nb',
      'a"b',
      "a'b",
      'a b',
      'ü',
      'Readme',
      'README',
      '$(id)',
      '*',
      '\\',
      'x:y',
      long,
    ];
    for (const name of names) await put(join('cluster', name));
    await symlink('loop', join(repository(), 'cluster', 'loop'));
    await symlink('.', join(repository(), 'cluster', 'self'));
    await symlink('/etc/passwd', join(repository(), 'cluster', 'kustomization.yaml'));
    const made = commit();
    const { gitDir } = await head();
    const source = { commit: made, name: 'refs/heads/main', gitDir: async () => gitDir };
    const packed = await packCommit(new Cache(here('cache')), bubblewrap('/', 'test'), source, signal);
    await run(['git', 'clone', '--quiet', '--branch', 'main', packed.file.path, here('clone')]);
    const { stdout } = await run(['git', '-C', here('clone'), 'ls-tree', '-r', '-z', '--name-only', 'HEAD']);
    expect(stdout.split('\0').filter(Boolean).toSorted()).toEqual(
      [...names, 'loop', 'self', 'kustomization.yaml'].map((name) => `cluster/${name}`).toSorted(),
    );
    await checkOut(gitDir, made, here('tree'), signal);
    expect(await readdir(here('tree', 'cluster'))).toHaveLength(names.length + 3);
    expect(await optionalApps(here('tree'))).toEqual(new Set());
    expect((await refusal(survey(here('tree'), 'cluster'))).code).toBe('E1045');
  });

  test('has nothing that Flux applies, which a site with a box needs', async () => {
    await put('a');
    const made = commit();
    const refused = await refusal(checkOut(join(repository(), '.git'), made, here('tree'), signal));
    expect([refused.code, refused.message]).toEqual(['E1058', 'the commit has no folder cluster']);
  });
});
