import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { headOf } from '../../../../builder/bundle/head.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';
import { refusal } from '../../../support/refusal.ts';

const here = freshDirectory();
const { signal } = new AbortController();

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...identity, ...args], { cwd: here('repository'), encoding: 'utf8' }).trim();
}

async function commit(text: string): Promise<string> {
  await writeFile(here('repository', 'file'), text);
  git('add', 'file');
  git('commit', '--quiet', '-m', text);
  return git('rev-parse', 'HEAD');
}

beforeEach(async () => {
  await mkdir(here('repository'));
  git('init', '--quiet');
});

describe('headOf', () => {
  test('names the commit, and counts those before it', async () => {
    await commit('one');
    const second = await commit('two');
    expect(await headOf(here('repository'), false, signal)).toEqual({
      commit: second,
      revision: second,
      sequence: 2,
      gitDir: here('repository', '.git'),
    });
  });

  test('finds the Git directory from a linked work tree', async () => {
    const first = await commit('one');
    git('worktree', 'add', '--quiet', here('linked'));
    expect(await headOf(here('linked'), false, signal)).toMatchObject({
      commit: first,
      gitDir: here('repository', '.git'),
    });
  });

  test('refuses a tree with changes, naming some of them', async () => {
    await commit('one');
    await writeFile(here('repository', 'file'), 'changed');
    for (const name of ['a', 'b', 'c']) await writeFile(here('repository', name), '');
    const error = await refusal(headOf(here('repository'), false, signal));
    expect(error).toMatchObject({ code: 'E1008', exit: 2 });
    expect(error.message).toContain(': file, a, b and 1 more');
  });

  test('marks the revision of a tree with changes when told to take it', async () => {
    const first = await commit('one');
    await writeFile(here('repository', 'new'), '');
    expect(await headOf(here('repository'), true, signal)).toMatchObject({
      commit: first,
      revision: `${first}-dirty`,
    });
  });

  test('refuses a directory that is no repository, and one without a commit', async () => {
    expect(await refusal(headOf(here('repository'), false, signal))).toMatchObject({ code: 'E1013' });
    await rm(here('repository', '.git'), { recursive: true });
    expect(await refusal(headOf(here('repository'), false, signal))).toMatchObject({ code: 'E1013' });
  });

  test('refuses a shallow clone, whose history a box could not serve', async () => {
    await commit('one');
    await commit('two');
    git('clone', '--quiet', '--depth', '1', `file://${here('repository')}`, here('shallow'));
    const error = await refusal(headOf(here('shallow'), false, signal));
    expect(error).toMatchObject({ code: 'E1016', exit: 2 });
    expect(error.hint).toContain('git fetch --unshallow');
  });

  test('lets a missing git be told as that', async () => {
    const before = process.env['PATH'];
    process.env['PATH'] = here();
    try {
      await expect(headOf(here('repository'), false, signal)).rejects.toMatchObject({ failure: 'spawn' });
    } finally {
      process.env['PATH'] = before;
    }
  });
});
