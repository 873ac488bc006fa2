import { rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../host/process.ts';
import { launcherFailure, launcherTree, script } from '../../support/launcher.ts';

const at = launcherTree();

describe('on a machine that is not as others', () => {
  beforeEach(async () => {
    // Says where it would keep its cache, as the command line finds out.
    await at.publishNode('echo "$HOME|$XDG_CACHE_HOME|$NODE_COMPILE_CACHE|$(umask)"');
  });
  const started = async (env: Record<string, string>, before: string[] = []) =>
    await run(['env', '-i', `PATH=${at.bin}`, ...variables(env), ...before, join(at.tree, 'cpiab'), 'x'], {
      cwd: '/',
    });
  const variables = (env: Record<string, string>) =>
    Object.entries(env).map(([name, value]) => `${name}=${value}`);

  test.each([
    ['no HOME', {}],
    ['an empty HOME', { HOME: '' }],
    ['a relative HOME', { HOME: 'relative' }],
    ['a relative cache home', { HOME: 'x', XDG_CACHE_HOME: 'cache' }],
  ])('the account tells where home is: %s', async (_, env) => {
    const { stdout } = await started({ ...env, CPIAB_CACHE: at.cache });
    expect(stdout.trim()).toMatch(new RegExp(`^${userInfo().homedir}\\|\\|${at.cache}/compile\\|`));
  });

  test('a home that cannot be written is told, with the way around it', async () => {
    await writeFile(join(at.base, 'home'), '');
    const { status, stderr } = await launcherFailure(started({ HOME: join(at.base, 'home') }));
    expect([status, stderr]).toEqual([
      4,
      expect.stringContaining(`CPIAB-E4004 ${at.base}/home/.cache/cpiab`),
    ]);
    expect(stderr).toContain('hint: set CPIAB_CACHE');
  });

  test('a directory for temporary files that is not there is told', async () => {
    const { status, stderr } = await launcherFailure(started({ HOME: at.base, TMPDIR: '/no/such/place' }));
    expect([status, stderr]).toEqual([4, expect.stringContaining('CPIAB-E4030 /no/such/place: ')]);
  });

  test.each(['C', 'C.UTF-8', 'tr_TR.UTF-8', 'de_DE'])('speaks any language: %s', async (locale) => {
    const env = { HOME: at.base, CPIAB_CACHE: at.cache, LC_ALL: locale, LANG: locale };
    expect((await started(env)).stdout).toContain(at.base);
  });

  test('works where nothing new can be read by others', async () => {
    const { stdout } = await started({ HOME: at.base, CPIAB_CACHE: at.cache }, [
      'bash',
      '-c',
      'umask 077; exec "$@"',
      'sh',
    ]);
    expect(stdout.trim()).toMatch(/0077$/);
  });

  test('npm that is missing is installed, or named', async () => {
    await rm(join(at.bin, 'npm'));
    const { status, stderr } = await launcherFailure(started({ HOME: at.base, CPIAB_CACHE: at.cache }));
    expect([status, stderr]).toEqual([4, expect.stringContaining('CPIAB-E4002 npm: ')]);
  });

  test('a package source that fails is named', async () => {
    // As root there is an apt-get to try; anybody else is told to.
    if (process.getuid?.() !== 0) return;
    await rm(join(at.bin, 'npm'));
    await script(join(at.bin, 'apt-get'), '[[ $* != *install* ]]');
    const { status, stderr } = await launcherFailure(started({ HOME: at.base, CPIAB_CACHE: at.cache }));
    expect([status, stderr]).toEqual([4, expect.stringContaining('CPIAB-E4003 npm: apt-get install failed')]);
  });

  test('a package.json without the version of Node is named', async () => {
    await writeFile(join(at.tree, 'package.json'), '{}');
    const { status, stderr } = await launcherFailure(started({ HOME: at.base, CPIAB_CACHE: at.cache }));
    expect([status, stderr]).toEqual([
      4,
      expect.stringContaining('CPIAB-E4006 package.json: no config.nodeVersion'),
    ]);
  });
});
