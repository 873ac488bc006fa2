import { readFile, rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { run } from '../../../host/process.ts';
import { type RuleName, rules } from '../../../policy/rules.ts';
import {
  add,
  app,
  change,
  deployment,
  encryptedSecret,
  fluxFolder,
  kustomization,
  metadata,
  resource,
  token,
  write,
} from '../../support/bad-commits/bad-commit.ts';
import { badClusterCommits } from '../../support/bad-commits/cluster.ts';
import { badNasCommits } from '../../support/bad-commits/nas.ts';
import { badRepositoryCommits } from '../../support/bad-commits/repository.ts';
import { badWorkloadsCommits } from '../../support/bad-commits/workloads.ts';
import { BoxGit } from '../../support/box-git.ts';

let box: BoxGit;
beforeAll(async () => {
  box = await BoxGit.start();
});
afterEach(() => box.reset());
afterAll(() => box.stop());

const bad = [...badRepositoryCommits, ...badClusterCommits, ...badNasCommits, ...badWorkloadsCommits];

/** Of each finding git shows the place, the rule and what to do. */
function expectRefused(said: string, rule: RuleName, place: string): void {
  const lines = said.split('\n').map((line) => line.replace(/^remote: /, '').trimEnd());
  expect(
    lines.some((line) => line.startsWith(`${place}: ${rule}: `)),
    said,
  ).toBe(true);
  expect(lines).toContain(`  fix: ${rules[rule].fix}`);
  expect(said).toContain('pre-receive hook declined');
}

describe('a push is refused with file, line, rule and fix when it has', () => {
  test.each(bad)('%s (%s)', async (_, rule, place, make) => {
    const before = (await box.repository.head()).id;
    await make(box);
    await box.commit();
    const { taken, said } = await box.push('main');
    expect(taken).toBe(false);
    expectRefused(said, rule, place);
    expect((await box.repository.head()).id).toBe(before);
  });

  test('a submodule', async () => {
    const { id } = await box.repository.head();
    await box.git('update-index', '--add', '--cacheinfo', `160000,${id},vendor/part`);
    await box.git('commit', '--quiet', '--message', 'submodule');
    expectRefused((await box.push('main')).said, 'submodule', 'vendor/part');
  });

  test('a secret in an earlier commit, though a later one removes it', async () => {
    await write('notes.txt', `${token}\n`)(box);
    await box.commit('oops');
    await run(['rm', box.path('notes.txt')]);
    await box.commit('removed');
    expectRefused((await box.push('main')).said, 'secret-token', 'notes.txt:1');
  });

  test('a plain Secret in an earlier commit, though a later one encrypts it', async () => {
    const plain = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { word: 'hunter2' } };
    await write('cluster/draft.yaml', stringify(plain))(box);
    await box.commit('oops');
    await write('cluster/draft.yaml', await readFile(encryptedSecret, 'utf8'))(box);
    await box.commit('encrypted');
    expectRefused((await box.push('main')).said, 'secret-plain', 'cluster/draft.yaml:7');
  });

  test('an env file in an earlier commit', async () => {
    await write('config/env/lab.env', 'WORD=hunter2\n')(box);
    await box.commit('oops');
    await rm(box.path('config/env/lab.env'));
    await box.commit('removed');
    expectRefused((await box.push('main')).said, 'env-file', 'config/env/lab.env');
  });

  test('a secret, on any branch', async () => {
    await write('notes.txt', `${token}\n`)(box);
    await box.commit();
    expectRefused((await box.push('main:refs/heads/side')).said, 'secret-token', 'notes.txt:1');
  });

  test('a history that does not follow', async () => {
    await box.git('commit', '--quiet', '--amend', '--message', 'rewritten');
    expectRefused((await box.push('--force', 'main')).said, 'protected-branch', 'refs/heads/main');
  });

  test('main deleted', async () => {
    expectRefused((await box.push(':main')).said, 'protected-branch', 'refs/heads/main');
  });

  test('a tag that moves', async () => {
    await box.git('tag', 'v1');
    expect((await box.push('v1')).taken).toBe(true);
    await box.commit('next');
    await box.git('tag', '--force', 'v1');
    expectRefused((await box.push('--force', 'v1')).said, 'tag-moved', 'refs/tags/v1');
    await box.git('tag', '--delete', 'v1');
  });

  test('a reference that is neither branch nor tag', async () => {
    expectRefused((await box.push('main:refs/notes/x')).said, 'reference-name', 'refs/notes/x');
  });

  test('more than a person reads: the rest is counted', async () => {
    const entries = Array.from({ length: 30 }, (_, index) => `  - gone-${index}.yaml\n`).join('');
    await box.edit(kustomization, (text) => text.replace('resources:\n', `resources:\n${entries}`));
    await box.commit();
    expect((await box.push('main')).said).toContain('and 10 more');
  });
});

test('the table has more than 25 kinds, and every rule but those of their own tests', () => {
  const tested = new Set(bad.map(([, rule]) => rule));
  expect(tested.size).toBeGreaterThan(25);
  const elsewhere = [
    'submodule',
    'protected-branch',
    'tag-moved',
    'reference-name',
    'signature',
    'push-size',
  ];
  expect(
    Object.keys(rules)
      .filter((rule) => !tested.has(rule as RuleName))
      .toSorted(),
  ).toEqual(elsewhere.toSorted());
});

describe('a good push', () => {
  test('is taken, published, told and written down', async () => {
    await add({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name: 'good' },
      data: { a: 'b' },
    })(box);
    const commit = await box.commit('good');
    const { taken, said } = await box.push('main');
    expect(said).toContain(`remote: published ${commit.slice(0, 12)}`);
    expect(taken).toBe(true);
    expect((await box.repository.head()).id).toBe(commit);
    expect(box.published.at(-1)).toBe(commit);
    const line = JSON.parse(box.log.at(-1) ?? '');
    expect(line).toMatchObject({
      push: 'accepted',
      operator: 'alice',
      updates: [{ name: 'refs/heads/main', to: commit }],
    });
    expect(line.fingerprint).toMatch(/^[0-9A-F:]{95}$/);
  });

  test('of another branch is not published, and the branch may be rewritten and deleted', async () => {
    const before = box.published.length;
    await write(`${app}/lost.yaml`, stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata }))(box);
    await box.commit('draft');
    expect((await box.push('main:refs/heads/draft')).taken).toBe(true);
    await box.git('commit', '--quiet', '--amend', '--message', 'draft again');
    expect((await box.push('--force', 'main:refs/heads/draft')).taken).toBe(true);
    expect((await box.push(':refs/heads/draft')).taken).toBe(true);
    expect(box.published.length).toBe(before);
  });

  test('of an encrypted Secret is taken where its Kustomization decrypts', async () => {
    await write(`${app}/secret.yaml`, await readFile(encryptedSecret, 'utf8'))(box);
    await resource('secret.yaml')(box);
    const decryption = { provider: 'sops', secretRef: { name: 'sops-age' } };
    await box.edit(`${fluxFolder}/syncthing.yaml`, (text) =>
      text.replace('  prune: true\n', `  decryption: ${JSON.stringify(decryption)}\n  prune: true\n`),
    );
    await box.commit();
    expect((await box.push('main')).said).toContain('published');
  });

  test('of an object that breaks a rule with an exception is taken', async () => {
    await change(deployment, 'Filesystem: true', 'Filesystem: false')(box);
    const exception = {
      rule: 'read-only-root',
      object: 'Deployment/syncthing',
      reason: 'test',
      owner: 'tools',
      expires: '2099-12-31',
    };
    await box.edit(`${app}/app.yaml`, (text) => text + stringify({ exceptions: [exception] }));
    await box.commit();
    expect((await box.push('main')).said).toContain('published');
  });
});

test('a refused push leaves no objects behind', async () => {
  await write('docs/notes.md', `${token}\n`)(box);
  const commit = await box.commit();
  await box.push('main');
  const found = run(['git', '--git-dir', box.repository.path, 'cat-file', '-e', commit]);
  await expect(found).rejects.toThrow();
});
