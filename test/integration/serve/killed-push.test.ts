import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRepository } from '../../../agent/serve/git/repository.ts';
import { run } from '../../../host/process.ts';
import { BoxGit } from '../../support/box-git.ts';

let box: BoxGit;
beforeAll(async () => {
  box = await BoxGit.start();
});
afterAll(() => box.stop());

const { signal } = new AbortController();

/** Ends every git that serves the box's repository, and its hooks, at once: what a power cut does. */
function killGit(): number {
  const mark = `GIT_PROJECT_ROOT=${dirname(box.repository.path)}`;
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && environment(name).includes(mark));
  for (const pid of found) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  return found.length;
}

function environment(pid: string): string[] {
  try {
    return readFileSync(join('/proc', pid, 'environ'), 'latin1').split('\0');
  } catch {
    return [];
  }
}

const moments: [when: string, moment: 'checked' | 'taken', after: number | null][] = [
  ['when the push was checked', 'checked', null],
  ['right after it was let in', 'checked', 1],
  ['while branches change', 'checked', 15],
  ['later than that', 'checked', 60],
  ['when git has taken it', 'taken', null],
];

test.each(moments)(
  'git killed %s: the repository is whole, nothing taken is lost, the next push works',
  async (_, moment, after) => {
    const before = (await box.repository.head()).id;
    await writeFile(box.path('large.bin'), randomBytes(1 << 20));
    const commit = await box.commit();
    let killed = 0;
    const kill = () => {
      killed += killGit();
    };
    box.moments[moment] = () => (after === null ? kill() : setTimeout(kill, after));
    const { taken } = await box.push('main');
    box.moments[moment] = () => {};
    // A box that starts again.
    await openRepository(box.repository.path, '', signal);
    const { id } = await box.repository.head();
    expect(taken || moment === 'taken' ? [commit] : [before, commit]).toContain(id);
    if (after === null) expect(killed).toBeGreaterThan(0);
    await run(['git', '--git-dir', box.repository.path, 'fsck', '--full', '--strict']);
    const left = await readdir(join(box.repository.path, 'objects'));
    expect(left.filter((name) => name.startsWith('tmp_'))).toEqual([]);
    const next = await box.commit('next');
    expect((await box.push('main')).taken).toBe(true);
    expect((await box.repository.head()).id).toBe(next);
  },
);

test('locks that a power cut leaves do not keep the next push out', async () => {
  const { path } = box.repository;
  for (const name of ['refs/heads/main.lock', 'packed-refs.lock', 'HEAD.lock'])
    await writeFile(join(path, name), '');
  const commit = await box.commit('after the cut');
  expect((await box.push('main')).taken).toBe(false);
  await openRepository(path, '', signal);
  expect((await box.push('main')).taken).toBe(true);
  expect((await box.repository.head()).id).toBe(commit);
});
