import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fetchSources } from '../../../builder/fetch/sources.ts';
import type { BuildHost } from '../../../builder/host.ts';
import { lockSources } from '../../../builder/lock/sources.ts';
import type { Lock } from '../../../contract/lock.ts';
import { type Site, SiteSchema } from '../../../contract/site.ts';
import { run } from '../../../host/process.ts';
import { bubblewrap } from '../../../host/sandbox.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { bareRepository, type GitServer, startGitServer } from '../../support/git-server.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { refusal } from '../../support/refusal.ts';
import { tinyLock } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const login = { user: 'alice', password: 'secret' };
/** This machine as build root: what is packed is looked at, not how. */
const sandbox = bubblewrap('/', 'test');
let server: GitServer;
let site: Site;
let host: BuildHost;
let commits: string[];
let bare: string;
let url: string;

beforeEach(async () => {
  await mkdir(path('srv'));
  ({ commits, path: bare } = await bareRepository(path('srv'), 'app.git'));
  server = await startGitServer(path(), { root: path('srv'), login });
  await writeFile(path('ca.pem'), server.ca);
  // Logins are Git's own business: here a credential helper's.
  await writeFile(
    path('gitconfig'),
    `[credential "${server.base.origin}"]\n\thelper = store --file ${path('logins')}\n`,
  );
  await writeFile(path('logins'), `https://${login.user}:${login.password}@${server.base.host}\n`);
  vi.stubEnv('GIT_CONFIG_GLOBAL', path('gitconfig'));
  url = new URL('app.git', server.base).href;
  site = SiteSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'Site',
    name: 'harbour',
    servers: { [server.base.host]: { ca: 'ca.pem' } },
  });
  host = quietHost(path(), path('cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});

const lock = async (ref: string) => await lockSources([{ url, ref }], site, host);
const fetch = async (git: Lock['git'], own = host) =>
  await fetchSources(site, tinyLock({ git }), sandbox, own);
const heads = async (bundle = '') => (await run(['git', 'bundle', 'list-heads', bundle])).stdout.trim();

describe('a published Git repository', () => {
  test.each([
    ['main', 'refs/heads/main', -1],
    ['v1', 'refs/tags/v1', 0],
    ['refs/tags/v1', 'refs/tags/v1', 0],
  ])('is locked at the commit of %s, and packed under its name', async (ref, name, index) => {
    const locked = await lock(ref);
    expect(locked).toEqual([{ url, ref, name, commit: commits.at(index) }]);
    const [source] = await fetch(locked);
    expect(await heads(source?.file.path)).toBe(`${commits.at(index)} ${name}`);
    await run(['git', 'clone', '--quiet', '--bare', source?.file.path ?? '', path('clone')]);
  });

  test('stays at its commit when the branch goes on, and needs no server once it is packed', async () => {
    const locked = await lock('main');
    const [before] = await fetch(locked);
    await run(['git', '--git-dir', bare, 'update-ref', 'refs/heads/main', commits[0] ?? '']);
    const [elsewhere] = await fetch(locked, quietHost(path(), path('other-cache')));
    expect(elsewhere?.file.sha256).toBe(before?.file.sha256);
    await server.stop();
    expect(await fetch(locked)).toEqual([before]);
  });

  test('gives the same bytes whatever packs the server has', async () => {
    const locked = await lock('main');
    const [loose] = await fetch(locked);
    await run(['git', '--git-dir', bare, 'repack', '-a', '-d', '-f', '--quiet', '--depth=1']);
    const [packed] = await fetch(locked, quietHost(path(), path('other-cache')));
    expect(await readFile(packed?.file.path ?? '')).toEqual(await readFile(loose?.file.path ?? ''));
  });

  test('is refused without such a reference, and when the commit is gone', async () => {
    expect((await refusal(lock('v2'))).toText()).toContain(`CPIAB-E3046 ${url}: has no branch or tag v2`);
    const gone = await refusal(fetch(await lock('a'.repeat(40))));
    expect(gone.toText()).toMatch(/CPIAB-E3047 .*: commit a{40}, locked for a{40}, is not there any more/);
  });

  test('is not read without the login, nor from a server that is not trusted', async () => {
    await writeFile(path('logins'), '');
    expect((await refusal(lock('main'))).toText()).toMatch(/CPIAB-E3045 .*could not read Username/);
    const stranger = lockSources([{ url, ref: 'main' }], { ...site, servers: {} }, host);
    expect((await refusal(stranger)).toText()).toMatch(/CPIAB-E3045 .*certificate/);
  });

  test('does not lead to another protocol by a redirect', async () => {
    server.redirects.set('/moved.git', 'http://127.0.0.1:9/app.git');
    url = new URL('moved.git', server.base).href;
    expect((await refusal(lock('main'))).toText()).toMatch(/CPIAB-E3045 .*protocol.*http/i);
    server.redirects.set('/moved.git', '/app.git');
    expect(await lock('main')).toHaveLength(1);
  });
});
