import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportRepository } from '../../../cli/box/export.ts';
import { run } from '../../../host/process.ts';
import { BoxGit } from '../../support/box-git.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { refusal } from '../../support/refusal.ts';

const path = freshDirectory();
const { signal } = new AbortController();
let box: BoxGit;
beforeAll(async () => {
  box = await BoxGit.start();
  await box.git('tag', 'v1');
  await box.git('checkout', '--quiet', '-b', 'next');
  await box.commit('next');
  expect((await box.push('next', 'v1')).taken).toBe(true);
});
afterAll(() => box.stop());

const address = () => ({ url: new URL(box.api.url), fingerprint: box.api.identity.fingerprint });

test("a box's repository in one file has every branch and tag, and any git makes a clone of it", async () => {
  const { id } = await box.repository.head();
  const found = await exportRepository(address(), 'lab', null, path('site.bundle'), signal);
  expect(found).toEqual({
    head: id,
    references: ['refs/heads/main', 'refs/heads/next', 'refs/tags/v1'],
  });
  await run(['git', 'clone', '--quiet', path('site.bundle'), path('restored')]);
  expect(await readFile(join(path('restored'), 'config/clusters/lab.yaml'))).toEqual(
    await readFile(box.path('config/clusters/lab.yaml')),
  );
  await exportRepository(address(), 'lab', null, path('again.bundle'), signal);
  await run(['cmp', path('site.bundle'), path('again.bundle')]);
});

test('a box with another key is asked for nothing, and no file is left', async () => {
  const fingerprint = 'ab'.repeat(32);
  const refused = await refusal(
    exportRepository({ ...address(), fingerprint }, 'lab', null, path('x'), signal),
  );
  expect([refused.code, refused.message]).toEqual(['E5004', expect.stringMatching(/public key|pinned/i)]);
  expect(await readdir(path())).toEqual([]);
});
