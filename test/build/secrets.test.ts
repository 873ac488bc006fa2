import { execFileSync } from 'node:child_process';
import { copyFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { examineWorld } from '../../builder/close/close.ts';
import { ruleFindings } from '../../builder/close/rules.ts';
import { readSite } from '../../builder/config/read-site.ts';
import { openBuildRoot } from '../../builder/fetch/build-root.ts';
import { fetchKustomize } from '../../builder/fetch/tools.ts';
import { readLock } from '../../builder/lock/read.ts';
import { editSecret } from '../../builder/secrets/edit.ts';
import { renderSecrets } from '../../builder/secrets/render.ts';
import { retireOldKeys, rotateAgeKey, rotateDataKeys } from '../../builder/secrets/rotate.ts';
import { openWorkbench, type Workbench } from '../../builder/secrets/workbench.ts';
import { parseBoxSite } from '../../contract/site.ts';
import { cacheRoot } from '../../host/cache.ts';
import { freshDirectory } from '../support/fresh-directory.ts';
import { ProcessWatch } from '../support/process-watch.ts';
import { quietHost } from '../support/quiet-host.ts';
import { declared, folder, SecretsRepository, values } from '../support/secrets-repository.ts';

const here = freshDirectory();
let repository: SecretsRepository;
let bench: Workbench;

beforeAll(async () => {
  // The first use compiles SOPS.
  const { site } = await openedAt(join(import.meta.dirname, '../..'));
  expect(site.name).toBe('lab');
});
beforeEach(async () => {
  vi.stubEnv('XDG_CONFIG_HOME', here('config'));
  repository = new SecretsRepository(here('repository'));
  await repository.open();
  bench = await openedAt(repository.path);
});
afterEach(() => vi.unstubAllEnvs());

async function openedAt(path: string): Promise<Workbench> {
  return await openWorkbench(parseBoxSite(await readSite(path, 'lab')), quietHost(path, cacheRoot()));
}

/** What SOPS itself reads of a manifest, outside of everything of ours. */
function decrypted(name: string, keyFile = here('config/cpiab/keys/lab/age.key')): unknown {
  const argv = ['decrypt', '--output-type', 'json', repository.file(folder, `${name}.yaml`)];
  // Nothing but this key: what the machine's user has is not asked.
  const env = { SOPS_AGE_KEY_FILE: keyFile, HOME: here() };
  return JSON.parse(execFileSync(bench.program, argv, { env, encoding: 'utf8', stdio: 'pipe' }));
}

const secret = (name: string, stringData: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'syncthing' },
  type: 'Opaque',
  stringData,
});
const login = { username: values.SYNCTHING_USER, password: values.SYNCTHING_PASSWORD };
const manifests = async () =>
  await Promise.all(['login', 'tls'].map((name) => repository.text(folder, `${name}.yaml`)));
const findings = async () => {
  const commit = await repository.commit();
  const at = { gitDir: repository.file('.git'), commit, site: repository.site };
  return (await ruleFindings(at, bench.signal)).map(({ subject, message }) => `${subject}: ${message}`);
};

describe('render', () => {
  test('writes what SOPS decrypts to the Secrets that the app asks for', async () => {
    expect(await renderSecrets(bench)).toEqual([
      { path: `${folder}/login.yaml`, state: 'written' },
      { path: `${folder}/tls.yaml`, state: 'written' },
    ]);
    expect(decrypted('login')).toEqual(secret('login', login));
    expect(decrypted('tls')).toEqual(secret('tls', { 'tls.key': values.SYNCTHING_TLS_KEY }));
    expect(await repository.text(folder, 'kustomization.yaml')).toContain('kind: Component');
    expect((await stat(here('config/cpiab/keys/lab/age.key'))).mode & 0o777).toBe(0o600);
  });

  test('gives a commit that keeps every rule, and that lacks the Secrets before', async () => {
    await repository.write(`${folder}/kustomization.yaml`, 'kind: Component\n');
    expect((await findings()).filter((line) => line.includes('secret-missing'))).toHaveLength(2);
    await renderSecrets(bench);
    expect(await findings()).toEqual([]);
  });

  test('gives a closed world', async () => {
    await renderSecrets(bench);
    const commit = await repository.commit();
    const host = quietHost(repository.path, cacheRoot());
    const { lock } = await readLock(repository.path, repository.site);
    const tools = await fetchKustomize(await openBuildRoot(repository.site, lock, host), host);
    const at = { site: repository.site, lock, gitDir: repository.file('.git'), commit };
    const world = await examineWorld({ ...at, ...tools }, host);
    expect(world.findings.map((found) => found.toText())).toEqual([]);
  });

  test('leaves what is already so, byte by byte, and writes what changed', async () => {
    await renderSecrets(bench);
    const before = await manifests();
    const states = async () => (await renderSecrets(bench)).map(({ state }) => state);
    expect(await states()).toEqual(['unchanged', 'unchanged']);
    expect(await manifests()).toEqual(before);
    await repository.env({ ...values, SYNCTHING_PASSWORD: 'another' });
    expect(await states()).toEqual(['written', 'unchanged']);
    expect(decrypted('login')).toEqual(secret('login', { ...login, password: 'another' }));
  });

  test('removes what no app asks for any more', async () => {
    await renderSecrets(bench);
    await repository.declare(declared.slice(0, 1));
    const { SYNCTHING_TLS_KEY: _, ...rest } = values;
    await repository.env(rest);
    expect((await renderSecrets(bench)).map(({ state }) => state)).toEqual(['unchanged', 'removed']);
    expect((await readdir(repository.file(folder))).toSorted()).toEqual(['kustomization.yaml', 'login.yaml']);
    await repository.declare([]);
    expect((await renderSecrets(bench)).map(({ state }) => state)).toEqual(['removed']);
    await expect(readdir(repository.file(folder))).rejects.toThrow('ENOENT');
  });

  test('shows no value to other processes, and leaves none in a file', async () => {
    vi.stubEnv('TMPDIR', here());
    const watch = new ProcessWatch(Object.values(values).map((value) => value.slice(0, 15)));
    await renderSecrets(bench);
    await watch.end();
    expect([...watch.programs]).toContain('/sops');
    expect(watch.seen).toEqual([]);
    for (const value of Object.values(values)) {
      const argv = [
        '-rlF',
        // Where the values come from.
        '--exclude=lab.env',
        '--exclude=secrets-repository.ts',
        value.split('\n')[0] ?? '',
        here(),
        join(cacheRoot(), 'tmp'),
      ];
      expect(() => execFileSync('grep', argv, { encoding: 'utf8' })).toThrow('Command failed');
    }
  });

  test('writes nothing when the key is not the one that .sops.yaml names', async () => {
    await renderSecrets(bench);
    const other = { ...bench, keys: here('other') };
    await expect(renderSecrets(other)).rejects.toMatchObject({ code: 'E1423' });
  });
});

describe('rotate', () => {
  test('encrypts with new data keys, for the same key and the same values', async () => {
    await renderSecrets(bench);
    const before = await manifests();
    expect(await rotateDataKeys(bench)).toHaveLength(2);
    const after = await manifests();
    for (const [index, text] of after.entries()) {
      const wrapped = (from: string) => from.match(/-----BEGIN AGE[\s\S]*END AGE/)?.[0];
      expect(wrapped(text)).not.toBe(wrapped(before[index] ?? ''));
    }
    expect(decrypted('login')).toEqual(secret('login', login));
    expect(await findings()).toEqual([]);
  });

  test('takes recipients from .sops.yaml, as render does', async () => {
    await renderSecrets(bench);
    execFileSync('age-keygen', ['-o', here('colleague')], { stdio: 'ignore' });
    const recipient = execFileSync('age-keygen', ['-y', here('colleague')], { encoding: 'utf8' }).trim();
    const rules = await repository.text('.sops.yaml');
    await repository.write('.sops.yaml', rules.replace(/age: (.*)/, `age: $1,${recipient}`));
    expect(() => decrypted('tls', here('colleague'))).toThrow('identity did not match');
    await rotateDataKeys(bench);
    expect(decrypted('login', here('colleague'))).toEqual(decrypted('login'));
    await repository.write('.sops.yaml', rules);
    expect((await renderSecrets(bench)).map(({ state }) => state)).toEqual(['written', 'written']);
    expect(() => decrypted('tls', here('colleague'))).toThrow('identity did not match');
  });

  test('with a new key shuts out the old one, which stays until it is retired', async () => {
    await renderSecrets(bench);
    const keyFile = here('config/cpiab/keys/lab/age.key');
    await copyFile(keyFile, here('old'));
    await rotateAgeKey(bench);
    expect(() => decrypted('login', here('old'))).toThrow('identity did not match');
    expect(decrypted('login')).toEqual(secret('login', login));
    expect(await readFile(keyFile, 'utf8')).toContain(await readFile(here('old'), 'utf8'));
    expect((await renderSecrets(bench)).map(({ state }) => state)).toEqual(['unchanged', 'unchanged']);
    expect(await retireOldKeys(bench)).toBe(1);
    expect((await readFile(keyFile, 'utf8')).match(/^AGE-SECRET-KEY-1/gm)).toHaveLength(1);
    expect(decrypted('tls')).toEqual(secret('tls', { 'tls.key': values.SYNCTHING_TLS_KEY }));
  });

  test('keeps old keys that a Secret still needs', async () => {
    await renderSecrets(bench);
    const [before = ''] = await manifests();
    await rotateAgeKey(bench);
    await writeFile(repository.file(folder, 'login.yaml'), before);
    await expect(retireOldKeys(bench)).rejects.toMatchObject({
      code: 'E3095',
      subject: `${folder}/login.yaml`,
    });
    expect(decrypted('login')).toEqual(secret('login', login));
  });

  test('says of a manifest that is damaged that SOPS cannot read it', async () => {
    await renderSecrets(bench);
    const [before = ''] = await manifests();
    await writeFile(repository.file(folder, 'login.yaml'), before.replace(/data:.{4}/, 'data:AAAA'));
    await expect(renderSecrets(bench)).rejects.toMatchObject({ code: 'E3095' });
  });
});

describe('edit', () => {
  /** Stands for the person: changes a value, and tells where the file was. */
  async function editor(script: string): Promise<void> {
    await writeFile(here('editor'), `#!/bin/sh\nset -eu\necho "$1" >${here('where')}\n${script}\n`, {
      mode: 0o755,
    });
    vi.stubEnv('EDITOR', here('editor'));
  }
  const leftovers = async () => (await readdir('/dev/shm')).filter((name) => name.startsWith('cpiab-edit-'));

  beforeEach(async () => {
    vi.stubEnv('XDG_RUNTIME_DIR', undefined);
    await renderSecrets(bench);
  });

  test('changes one Secret by way of memory, and leaves nothing behind', async () => {
    await editor('sed -i "s/operator of/guest of/" "$1"; cp "$1" "$1~"');
    expect(await editSecret(bench, 'syncthing/login')).toMatchObject({ state: 'written' });
    expect(decrypted('login')).toEqual(secret('login', { ...login, username: 'guest of the lab' }));
    expect(await readFile(here('where'), 'utf8')).toMatch(/^\/dev\/shm\/cpiab-edit-/);
    expect(await leftovers()).toEqual([]);
  });

  test('leaves a Secret alone that the person left alone, or whose editor failed', async () => {
    const before = await manifests();
    await editor('true');
    expect(await editSecret(bench, 'syncthing/login')).toMatchObject({ state: 'unchanged' });
    await editor('exit 3');
    await expect(editSecret(bench, 'syncthing/login')).rejects.toMatchObject({ code: 'E3095' });
    expect(await manifests()).toEqual(before);
    expect(await leftovers()).toEqual([]);
  });

  test('names the Secrets that there are', async () => {
    await expect(editSecret(bench, 'syncthing/logn')).rejects.toMatchObject({
      code: 'E1424',
      message: 'no such Secret of the site; known: syncthing/login, syncthing/tls',
    });
  });
});
