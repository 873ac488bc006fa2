import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { bundleScript } from '../../../builder/fetch/script.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { quietHost } from '../../support/quiet-host.ts';

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
