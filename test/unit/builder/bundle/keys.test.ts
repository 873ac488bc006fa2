import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keysDirectory, siteKeys } from '../../../../builder/bundle/keys.ts';
import { keyName } from '../../../../builder/bundle/minisign.ts';
import { freshDirectory } from '../../../support/fresh-directory.ts';

const here = freshDirectory();
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('siteKeys', () => {
  test('makes keys on first use that only their owner can read, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      expect((await siteKeys(here('keys', 'lab'))).created).toBe(true);
    } finally {
      process.umask(before);
    }
    expect(await mode(here('keys'))).toBe('700');
    expect(await mode(here('keys', 'lab'))).toBe('700');
    for (const name of ['minisign.key', 'operator.key', 'operator-ca.key']) {
      expect(await mode(here('keys', 'lab', name))).toBe('600');
    }
    expect((await readdir(here('keys', 'lab'))).toSorted()).toEqual([
      ...['minisign.key', 'minisign.pub'],
      ...['operator-ca.crt', 'operator-ca.key', 'operator.crt', 'operator.key'],
    ]);
  });

  test('gives the same keys the second time', async () => {
    const first = await siteKeys(here('lab'));
    const second = await siteKeys(here('lab'));
    expect(second).toMatchObject({
      created: false,
      publicKey: first.publicKey,
      operatorCa: first.operatorCa,
    });
    expect(keyName(second.site)).toBe(keyName(first.site));
  });

  test('gives each site keys of its own', async () => {
    const [one, two] = [await siteKeys(here('one')), await siteKeys(here('two'))];
    expect(one.publicKey).not.toBe(two.publicKey);
    expect(one.operatorCa).not.toBe(two.operatorCa);
  });

  test('closes a directory that was open', async () => {
    await siteKeys(here('lab'));
    await chmod(here('lab'), 0o755);
    await siteKeys(here('lab'));
    expect(await mode(here('lab'))).toBe('700');
  });

  test('of two first uses at once both get the same key', async () => {
    const [one, two] = await Promise.all([siteKeys(here('lab')), siteKeys(here('lab'))]);
    expect(one.publicKey).toBe(two.publicKey);
    expect(one.operatorCa).toBe(two.operatorCa);
    expect(await readFile(here('lab', 'minisign.pub'), 'utf8')).toBe(one.publicKey);
  });
});

describe('keysDirectory', () => {
  test('is below the XDG configuration directory', () => {
    expect(keysDirectory('lab', { XDG_CONFIG_HOME: '/x' })).toBe('/x/cpiab/keys/lab');
  });

  test.each([{}, { XDG_CONFIG_HOME: '' }, { XDG_CONFIG_HOME: 'relative' }])(
    'is below ~/.config where the variable is not set or not absolute: %j',
    (env) => {
      expect(keysDirectory('lab', env)).toBe(join(homedir(), '.config/cpiab/keys/lab'));
    },
  );
});
