import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { scanRepository } from '../../../builder/secrets/scan.ts';
import { run } from '../../../host/process.ts';
import { token } from '../../support/bad-commits/bad-commit.ts';
import { removeTree } from '../../support/remove-tree.ts';
import { SecretsRepository } from '../../support/secrets-repository.ts';

const { signal } = new AbortController();
const made: string[] = [];
let repository: SecretsRepository;
const scan = async () => (await scanRepository(repository.path, 'lab', signal)).leaks;
const said = async () => (await scan()).map(({ place, commit, what }) => [place, commit, what]);
const short = async (revision: string) => await repository.git('rev-parse', '--short', revision);

beforeEach(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cpiab-scan-'));
  made.push(directory);
  repository = new SecretsRepository(join(directory, 'repository'));
  await run(['git', 'init', '--quiet', '--initial-branch=main', repository.path]);
  await repository.write('.gitignore', '/config/env/*.env\n');
  await repository.write('README.md', 'hello\n');
  await repository.commit('first');
});
afterAll(async () => {
  for (const directory of made) await removeTree(directory);
});

const plain = (data: object) =>
  stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, ...data });

describe('a scan finds', () => {
  test('nothing in what has no secret', async () => {
    const { files, leaks } = await scanRepository(repository.path, 'lab', signal);
    expect(leaks).toEqual([]);
    expect(files).toEqual({ tree: 2, history: 2 });
  });

  test('a token that a later commit removed, with the commit that brought it', async () => {
    await repository.write('notes.txt', `one\n${token}\n`);
    const commit = await short(await repository.commit('oops'));
    await repository.git('rm', '--quiet', 'notes.txt');
    await repository.commit('gone');
    expect(await said()).toEqual([['notes.txt:2', commit, 'holds a token of GitHub']]);
  });

  test('a plain Secret on another branch', async () => {
    await repository.git('checkout', '--quiet', '-b', 'side');
    await repository.write('cluster/bad.yaml', plain({ stringData: { word: 'hunter2' } }));
    const commit = await short(await repository.commit());
    await repository.git('checkout', '--quiet', 'main');
    expect(await said()).toEqual([['cluster/bad.yaml:6', commit, 'Secret a has word in plain text']]);
  });

  test('an env file that was committed', async () => {
    await repository.env({ A: 'b' });
    await repository.git('add', '--force', 'config');
    const commit = await short(await repository.commit());
    expect(await said()).toEqual([['config/env/lab.env', commit, 'holds secrets in plain text']]);
  });

  test('a token that is not committed yet', async () => {
    await repository.write('new.txt', `${token}\n`);
    expect(await said()).toEqual([['new.txt:1', null, 'holds a token of GitHub']]);
  });

  test('values of the env file, plain and as base64, and never repeats them', async () => {
    const value = 'no shape that is known';
    await repository.env({ WORD: value, SHORT: 'hello' });
    await repository.write('a.txt', `x\nword=${value}\n`);
    await repository.write('b.txt', Buffer.from(value).toString('base64'));
    const commit = await short(await repository.commit());
    expect(await said()).toEqual([
      ['a.txt:2', commit, 'holds the value of WORD'],
      ['b.txt:1', commit, 'holds the value of WORD'],
    ]);
    expect(JSON.stringify(await scan())).not.toContain(value);
  });
});

test('a content that is known to be none is not told, any other of the same file is', async () => {
  await repository.write('test.txt', `${token}\n`);
  const [{ blob = '' } = {}] = await scan();
  const secrets = [{ file: 'test.txt', object: blob, reason: 'made up for a test', owner: 'tools' }];
  const known = { apiVersion: 'cpiab.dev/v1', kind: 'KnownSecrets', secrets };
  await repository.write('config/policy/known-secrets.yaml', stringify(known));
  expect(await said()).toEqual([]);
  await repository.commit();
  expect(await said()).toEqual([]);
  await repository.write('test.txt', `more\n${token}\n`);
  expect(await said()).toEqual([['test.txt:2', null, 'holds a token of GitHub']]);
});

test('a list of known secrets that is none is refused', async () => {
  await repository.write('config/policy/known-secrets.yaml', 'secrets: []\n');
  await expect(scan()).rejects.toMatchObject({ code: 'E2230' });
});

test('an env file that others may read is refused', async () => {
  await repository.env({ WORD: 'x' }, 0o644);
  await expect(scan()).rejects.toMatchObject({ code: 'E1420' });
});
