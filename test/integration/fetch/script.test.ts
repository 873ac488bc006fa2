import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../agent/until.ts';
import { bundleScript } from '../../../builder/fetch/script.ts';
import { startPiped } from '../../../host/piped-process.ts';
import { run } from '../../../host/process.ts';
import { freePort } from '../../../host/qemu/launch.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';
import { TestBrowser } from '../../support/sso/browser.ts';

const repository = dirname(dirname(dirname(import.meta.dirname)));
const path = freshDirectory();
const entry = 'sso/main.ts';
const bundle = () => bundleScript(entry, ['cpiab.dev/oci/sso:1'], quietHost(repository, path('cache')));

test('a script runs without the repository and its packages, by a name of its own', async () => {
  const { file } = await bundle();
  // As the image has it, without the line that names the image's Node.
  await copyFile(file.path, path('sso'));
  await chmod(path('sso'), 0o755);
  await writeFile(path('users'), '');
  const options = ['--users', path('users'), '--state', path('sso.db')];
  const add = await run([process.execPath, path('sso'), 'add-user', 'ada', '--minutes', '5', ...options]);
  expect([add.stdout, add.stderr]).toEqual([expect.stringMatching(/^[0-9a-f-]{34}\n$/), '']);
  await run([process.execPath, path('sso'), 'remove-user', 'ada', ...options]);
  await expect(run([process.execPath, path('sso'), 'remove-user', 'ada', ...options])).rejects.toThrow();
});

test('the login does what it does unbundled: oidc-provider finds its settings by the names of its classes', async () => {
  const { file } = await bundle();
  await copyFile(file.path, path('sso'));
  const issuer = 'https://login.box.home.arpa';
  const page = 'https://notes.box.home.arpa/book';
  await writeFile(path('config.yaml'), JSON.stringify({ issuer, hosts: [new URL(page).host] }));
  const [loginPort, forwardAuthPort] = [await freePort(), await freePort()];
  const own = ['--users', path('users'), '--state', path('sso.db')];
  const at = ['--login-port', `${loginPort}`, '--forward-auth-port', `${forwardAuthPort}`];
  const sso = [process.execPath, path('sso')];
  const argv = [...sso, 'serve', '--config', path('config.yaml'), ...own, '--address', '127.0.0.1', ...at];
  const server = startPiped(argv, { env: {} });
  onTestFinished(() => server.kill());
  await until(() => answers(loginPort), AbortSignal.timeout(30_000));
  const password = (await run([...sso, 'add-user', 'ada', ...own])).stdout.trim();
  const browser = new TestBrowser({ issuer, loginPort, forwardAuthPort });
  const seen = await browser.signIn(page, 'ada', password);
  expect([seen.status, seen.url.href, seen.headers['x-forwarded-user']]).toEqual([200, page, 'ada']);
});

const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

test('it has the same bytes each time, names no path of this machine, and says what is in it', async () => {
  const [one, other] = [await bundle(), await bundle()];
  expect(one.file.sha256).toBe(other.file.sha256);
  const { stdout } = await run(['grep', '-c', '-F', repository, one.file.path], {}).catch(() => ({
    stdout: '0\n',
  }));
  expect(stdout).toBe('0\n');
  const purls = one.components.map(({ purl }) => purl.replace(/@[^@]*$/, ''));
  expect(purls).toEqual(
    expect.arrayContaining(['pkg:npm/oidc-provider', 'pkg:npm/openid-client', 'pkg:npm/koa']),
  );
  expect(new Set(one.components.flatMap(({ in: parts }) => parts))).toEqual(new Set(['cpiab.dev/oci/sso:1']));
  expect(one.components.filter(({ licence }) => licence === 'NOASSERTION')).toEqual([]);
});
