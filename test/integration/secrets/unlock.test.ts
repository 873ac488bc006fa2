import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Served } from '../../../agent/serve/served.ts';
import { makeOperator } from '../../../builder/bundle/operator.ts';
import { addAgeKey, readAgeKey } from '../../../builder/secrets/age-key.ts';
import { OperatorClient } from '../../../cli/box/operator.ts';
import { unlock } from '../../../cli/box/unlock.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { ask } from '../../support/ask.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';

const here = freshDirectory();
const { signal } = new AbortController();
let api: TestApi;
let keys: string;

beforeEach(async () => {
  vi.stubEnv('XDG_CONFIG_HOME', here());
  keys = here('cpiab/keys/lab');
  api = await startTestApi(() => undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

/** The serve step has run. */
const serves = () => api.board.put('served', {} as Served);
const clientAs = ({ certificate: cert, key }: TestApi['operator']) =>
  new OperatorClient({ url: new URL(api.url), fingerprint: api.identity.fingerprint }, { cert, key }, signal);
const kept = () => readFile(api.board.paths.ageKey, 'utf8');

describe('unlock', () => {
  test('gives the box the site’s keys, for its user alone, and says so in the audit log', async () => {
    serves();
    const first = await addAgeKey(keys, null);
    const { secrets, recipients } = await addAgeKey(keys, first);
    expect(await unlock(clientAs(api.operator), 'lab')).toEqual({ recipients, applied: false });
    expect(await kept()).toBe(`${secrets.join('\n')}\n`);
    expect((await stat(api.board.paths.ageKey)).mode & 0o777).toBe(0o600);
    const { entries } = await api.audit.read(0);
    const written = entries.filter(({ action }) => action === 'unlock');
    expect(written.map(({ outcome, who, detail }) => [outcome, who.name, detail])).toEqual([
      ['begun', 'alice', recipients.join(' ')],
      ['done', 'alice', recipients.join(' ')],
    ]);
  });

  test('writes the key nowhere else on the box', async () => {
    serves();
    const { secrets } = await addAgeKey(keys, null);
    await unlock(clientAs(api.operator), 'lab');
    const names = await readdir(api.directory, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const));
    const holding = texts.filter(([, text]) => text.includes(secrets[0] ?? 'no key'));
    expect(holding.map(([file]) => file)).toEqual([api.board.paths.ageKey]);
  });

  test('needs the key here', async () => {
    serves();
    await expect(unlock(clientAs(api.operator), 'lab')).rejects.toMatchObject({ code: 'E1423' });
  });

  test('is refused to strangers, and by a machine that serves no Git', async () => {
    await addAgeKey(keys, null);
    const early = unlock(clientAs(api.operator), 'lab');
    await expect(early).rejects.toMatchObject({ code: 'E5308', message: expect.stringContaining('503') });
    serves();
    const stranger = clientAs(await makeOperator('mallory', new Date()));
    await expect(unlock(stranger, 'lab')).rejects.toMatchObject({ code: 'E5308' });
    await expect(kept()).rejects.toThrow('ENOENT');
  });

  test.each([
    ['nothing', '', 400],
    ['no key', JSON.stringify({ identities: ['AGE-SECRET-KEY-1'] }), 400],
    ['a damaged key', null, 400],
    ['too much', 'x'.repeat(5000), 413],
  ])('refuses %s', async (_, given, expected) => {
    serves();
    await addAgeKey(keys, null);
    const [secret = ''] = (await readAgeKey(keys))?.secrets ?? [];
    const damaged = secret.endsWith('Q') ? secret.replace(/Q$/, 'P') : secret.replace(/.$/, 'Q');
    const document = { apiVersion: 'cpiab.dev/v1', kind: 'DecryptionKey', identities: [damaged] };
    const { certificate: cert, key } = api.operator;
    const options = { method: 'POST', body: given ?? JSON.stringify(document), cert, key };
    expect(
      (await ask(`${api.url}/v1/secrets/key`, { ...options, ca: api.identity.certificate })).status,
    ).toBe(expected);
    await expect(kept()).rejects.toThrow('ENOENT');
  });
});
