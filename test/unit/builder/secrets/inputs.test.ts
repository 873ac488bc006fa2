import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { addAgeKey, readAgeKey, retireAgeKeys } from '../../../../builder/secrets/age-key.ts';
import { readRecipients, writeRecipients } from '../../../../builder/secrets/creation-rules.ts';
import type { DeclaredSecret } from '../../../../builder/secrets/declared.ts';
import { memoryDirectory } from '../../../../builder/secrets/edit.ts';
import { readEnvFile, requireValues } from '../../../../builder/secrets/env-file.ts';
import { ensureKey } from '../../../../builder/secrets/render.ts';
import { parseBoxSite, SiteSchema } from '../../../../contract/site.ts';
import { makeIdentity } from '../../../../host/age/keys.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const site = parseBoxSite(
  SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: 'lab', engine: { version: 'v1.36.3' } }),
);

function envFile(text: string, mode = 0o600): void {
  mkdirSync(here('config/env'), { recursive: true });
  writeFileSync(here('config/env/lab.env'), text);
  chmodSync(here('config/env/lab.env'), mode);
}

describe('the env file', () => {
  const login = {
    ...{ name: 'login', type: 'Opaque', app: 'web', path: 'login.yaml', optional: false },
    keys: { word: 'WEB_WORD' },
  };
  const problems = async (text: string, declared: DeclaredSecret[] = [login]) => {
    envFile(text);
    const values = await readEnvFile(here(), 'lab');
    try {
      requireValues('lab', values, declared);
    } catch (error) {
      return (error as Error & { toText(): string }).toText();
    }
    return null;
  };

  test('has comments, quotes and values of several lines', async () => {
    envFile('# one\nA=plain\nB="with # and = in it"\nC="first\nsecond"\n');
    expect([...(await readEnvFile(here(), 'lab'))]).toEqual([
      ['A', 'plain'],
      ['B', 'with # and = in it'],
      ['C', 'first\nsecond'],
    ]);
  });

  test.each([0o644, 0o640, 0o604, 0o660])('is refused with mode %o', async (mode) => {
    envFile('A=b\n', mode);
    await expect(readEnvFile(here(), 'lab')).rejects.toMatchObject({
      code: 'E1420',
      message: `holds secrets, and others may use it: its mode is 0${mode.toString(8)}`,
      hint: expect.stringContaining('chmod 600 config/env/lab.env'),
    });
  });

  test('may lack a Secret that its app can do without, and has all of it else', async () => {
    const both = { ...login, optional: true, keys: { word: 'WEB_WORD', name: 'WEB_NAME' } };
    expect(await problems('', [both])).toBeNull();
    expect(await problems('WEB_WORD=x\n', [both])).toMatch(/E1421 .*WEB_NAME/);
    expect(await problems('WEB_WORD=x\nWEB_NAME=y\n', [both])).toBeNull();
  });

  test('has a value for all that apps ask for, and for nothing else', async () => {
    expect(await problems('WEB_WORD=x\n')).toBeNull();
    expect(await problems('')).toMatch(
      /^CPIAB-E1421 config\/env\/lab.env: has no value for WEB_WORD\nhint: .*web/,
    );
    expect(await problems('WEB_WORD=\n')).toContain('E1421');
    expect(await problems('WEB_WRD=x\n')).toMatch(/E1421[\s\S]*E1422 .*WEB_WRD\nhint: did you mean WEB_WORD/);
    expect(await problems('WEB_WORD=x\nOTHER_THING=y\n')).toMatch(/E1422 .*\nhint: delete the line/);
  });
});

describe('the age key', () => {
  test('is 0600, the newest first, and the only one once the others are retired', async () => {
    expect(await readAgeKey(here('keys'))).toBeNull();
    const first = await addAgeKey(here('keys'), null);
    const second = await addAgeKey(here('keys'), first);
    expect(second.recipients[1]).toBe(first.recipients[0]);
    expect(await readAgeKey(here('keys'))).toEqual(second);
    expect(statSync(second.path).mode & 0o777).toBe(0o600);
    expect(statSync(here('keys')).mode & 0o777).toBe(0o700);
    const left = await retireAgeKeys(here('keys'), second);
    expect(left.secrets).toEqual(second.secrets.slice(0, 1));
    expect(readFileSync(left.path, 'utf8')).not.toContain(first.secrets[0]);
  });

  test('is refused when others may read it, or it is none', async () => {
    const { path } = await addAgeKey(here(), null);
    chmodSync(path, 0o640);
    await expect(readAgeKey(here())).rejects.toMatchObject({ code: 'E1420', subject: path });
    writeFileSync(path, '# empty\n');
    chmodSync(path, 0o600);
    await expect(readAgeKey(here())).rejects.toMatchObject({ code: 'E1412' });
  });

  test('is made with the first rule, and missed where there is a rule for another', async () => {
    const made = await ensureKey({ repository: here(), site, keys: here('keys') });
    expect(made.recipients).toEqual(made.key.recipients);
    expect(await ensureKey({ repository: here(), site, keys: here('keys') })).toEqual(made);
    const elsewhere = ensureKey({ repository: here(), site, keys: here('other') });
    await expect(elsewhere).rejects.toMatchObject({ code: 'E1423' });
  });
});

describe('.sops.yaml', () => {
  test('keeps a rule for each site, and comments', async () => {
    const [one, other] = [makeIdentity().recipient, makeIdentity().recipient];
    await writeRecipients(here(), 'lab', [one]);
    writeFileSync(here('.sops.yaml'), `# ours\n${readFileSync(here('.sops.yaml'), 'utf8')}`);
    await writeRecipients(here(), 'homelab', [other]);
    await writeRecipients(here(), 'lab', [one, other]);
    expect(await readRecipients(here(), 'lab')).toEqual([one, other]);
    expect(await readRecipients(here(), 'homelab')).toEqual([other]);
    expect(await readRecipients(here(), 'none')).toBeNull();
    const text = readFileSync(here('.sops.yaml'), 'utf8');
    expect(text).toMatch(/^# ours\n/);
    expect(text.match(/path_regex: \^cluster\/kubernetes\/secrets\/lab\//g)).toHaveLength(1);
  });

  test.each([
    ['no YAML', 'a: [', /cannot be used: /],
    ['no list', 'creation_rules: 3\n', /no list creation_rules/],
    [
      'nobody',
      'creation_rules:\n  - path_regex: ^cluster/kubernetes/secrets/lab/\n    age: ""\n',
      /the rule of lab names nobody/,
    ],
    [
      'no recipient',
      'creation_rules:\n  - path_regex: ^cluster/kubernetes/secrets/lab/\n    age: [age1x]\n',
      /age1x is no recipient of age/,
    ],
  ])('with %s is refused', async (_, text, message) => {
    writeFileSync(here('.sops.yaml'), text);
    const found = readRecipients(here(), 'lab');
    await expect(found).rejects.toMatchObject({
      code: 'E1425',
      message: expect.stringMatching(message),
    });
  });
});

test('plain text is edited in memory or not at all', async () => {
  await expect(memoryDirectory([undefined, '', here('none'), '/usr'])).rejects.toMatchObject({
    code: 'E4050',
  });
  const made = await memoryDirectory([here('none'), '/dev/shm']);
  expect(statSync(made).mode & 0o777).toBe(0o700);
  await import('node:fs/promises').then(({ rm }) => rm(made, { recursive: true }));
});
