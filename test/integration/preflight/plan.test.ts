import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readSite } from '../../../builder/config/read-site.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { readLock } from '../../../builder/lock/read.ts';
import { suppliesOf } from '../../../builder/preflight/hosts.ts';
import { planWork, type Work } from '../../../builder/preflight/work.ts';
import type { Lock } from '../../../contract/lock.ts';
import { PreflightSchema } from '../../../contract/preflight.ts';
import type { Site } from '../../../contract/site.ts';
import { type ProcessError, run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';

const repository = join(import.meta.dirname, '../../..');
const path = freshDirectory();
let site: Site;
let lock: Lock;
let host: BuildHost;
beforeEach(async () => {
  site = {
    ...(await readSite(repository, 'lab')),
    debian: { suite: 'trixie', mirror: 'http://deb.example/debian' },
  };
  lock = (await readLock(repository, site)).lock;
  host = quietHost(repository, path('cache'));
  for (const [name, value] of Object.entries({
    GOPROXY: 'https://go.example,direct',
    npm_config_registry: 'https://npm.example/',
    HTTPS_PROXY: '',
    https_proxy: '',
  }))
    vi.stubEnv(name, value);
});
afterEach(() => void vi.unstubAllEnvs());

const hosts = async (work: Work) =>
  (await suppliesOf(site, lock, work, host)).map(({ addresses, why }) => [addresses[0]?.host, why]);

describe('the hosts that a build will contact', () => {
  test('with an empty cache are all that supply something, each with the reason', async () => {
    const work = await planWork(site, lock, host);
    expect(await hosts(work)).toEqual([
      ['deb.example', `${lock.debian.packages.length} Debian packages`],
      ['go.example', expect.stringMatching(/^\d+ Go modules$/)],
      ['npm.example', 'Node.js for the box'],
    ]);
    expect(work.programs.map(({ name }) => name)).toContain('kube');
    expect(work.assembled).toEqual(['build-root', 'os-base', 'os', 'compose', 'bundle', 'image']);
  });

  test('are none for what the cache has', async () => {
    const { packages } = lock.debian;
    const file = await host.cache.put('package');
    const have = { ...lock.debian, packages: packages.map((deb) => ({ ...deb, ...file })) };
    await host.cache.files('node', lock.node, async () => ({}));
    const work = await planWork(site, { ...lock, debian: have }, host);
    expect([work.debs.count, work.node]).toEqual([0, false]);
    expect((await hosts(work)).map(([name]) => name)).toEqual(['go.example']);
  });

  test('are the proxy where the environment names one, but not for names that it spares', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy.example:3128');
    vi.stubEnv('NO_PROXY', 'npm.example');
    const names = (await hosts(await planWork(site, lock, host))).map(([name]) => name);
    expect(names).toEqual(['deb.example', 'proxy.example:3128', 'npm.example']);
  });
});

describe('cpiab build --plan', () => {
  const plan = async (env: Record<string, string>) =>
    await run(
      [process.execPath, join(repository, 'cli/main.ts'), 'build', '--plan', '--json', '--out', path('out')],
      { env: { CPIAB_CACHE: path('cache'), XDG_CONFIG_HOME: path('config'), ...env } },
    ).then(
      ({ stdout }) => ({ status: 0, stdout }),
      ({ status, stdout }: ProcessError) => ({ status, stdout }),
    );

  test('tells of what cannot be reached with exit status 4, and writes nothing', async () => {
    const { status, stdout } = await plan({ GOPROXY: 'http://127.0.0.1:9' });
    expect(status).toBe(4);
    const found = PreflightSchema.parse(JSON.parse(stdout));
    expect(found).toMatchObject({ ready: false, site: 'lab', estimate: { basis: 'assumed' } });
    expect(found.checks).toContainEqual(
      expect.objectContaining({ id: 'network/127.0.0.1:9', result: 'fail' }),
    );
    expect(await readdir(path())).toEqual([]);
  });
});
