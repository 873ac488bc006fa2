import { beforeEach, expect, test } from 'vitest';
import { followBundle } from '../../../agent/serve/git/follow-bundle.ts';
import { openRepository } from '../../../agent/serve/git/repository.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const { signal } = new AbortController();
const path = freshDirectory();
const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
const git = async (...args: string[]) =>
  (await run(['git', '-C', path('work'), ...who, ...args], { env })).stdout.trim();
const inBox = async (...args: string[]) =>
  (await run(['git', '--git-dir', path('box.git'), ...args], { env })).stdout.trim();
const main = () => inBox('rev-parse', 'refs/heads/main');

/** Commits, and packs what a build would; gives the commit. */
async function version(name: string): Promise<string> {
  await git('commit', '--quiet', '--allow-empty', '--message', name);
  await git('bundle', 'create', '--quiet', path(`${name}.bundle`), 'main');
  return await git('rev-parse', 'HEAD');
}
const start = (name: string) => followBundle(path('box.git'), path(`${name}.bundle`), signal);
/** What an operator pushes to the box, on top of what is there. */
async function pushed(): Promise<string> {
  await run(['git', 'clone', '--quiet', path('box.git'), path('clone')], { env });
  const inClone = ['git', '-C', path('clone'), ...who];
  await run([...inClone, 'commit', '--quiet', '--allow-empty', '--message', 'pushed'], { env });
  await run([...inClone, 'push', '--quiet', 'origin', 'HEAD:main'], { env });
  return await main();
}

let one: string;
let two: string;
beforeEach(async () => {
  await run(['git', 'init', '--quiet', '--initial-branch', 'main', path('work')], { env });
  one = await version('one');
  await openRepository(path('box.git'), path('one.bundle'), signal);
  two = await version('two');
});

test('a new version brings its commit', async () => {
  expect(await start('one')).toBe('same');
  expect(await start('two')).toBe('followed');
  expect(await main()).toBe(two);
});

test('a version that gives way takes its commit back, and may come again', async () => {
  await start('two');
  expect(await start('one')).toBe('followed');
  expect(await main()).toBe(one);
  await start('two');
  expect(await main()).toBe(two);
});

test('what was pushed stays, beside the branch of the bundle', async () => {
  const own = await pushed();
  expect(await start('two')).toBe('kept');
  expect(await main()).toBe(own);
  expect(await inBox('rev-parse', 'bundle')).toBe(two);
  expect(await start('one')).toBe('kept');
  expect(await main()).toBe(own);
});

test('what was pushed after a new version came stays when that gives way', async () => {
  await start('two');
  const own = await pushed();
  expect(await start('one')).toBe('kept');
  expect(await main()).toBe(own);
});

test('what was pushed and then built into a version comes back when that gives way', async () => {
  const own = await pushed();
  await git('pull', '--quiet', '--rebase=false', '--no-edit', path('clone'), 'main');
  const three = await version('three');
  expect(await start('three')).toBe('followed');
  expect(await main()).toBe(three);
  expect(await start('one')).toBe('followed');
  expect(await main()).toBe(own);
});

test('starting the same version again changes nothing', async () => {
  await start('two');
  expect(await start('two')).toBe('same');
  const own = await pushed();
  expect(await start('two')).toBe('kept');
  expect(await main()).toBe(own);
});
