import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageLicence, rootLicences } from '../../../builder/licences/debian.ts';
import { goLicences } from '../../../builder/licences/go.ts';
import { Cache } from '../../../host/cache.ts';
import { run } from '../../../host/process.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import { tinyPackage } from '../../support/tiny-lock.ts';

const path = freshDirectory();
const copyright = (licence: string) =>
  `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: ${licence}\n`;
const ISC = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee
is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.`;

async function put(name: string, text: string): Promise<void> {
  await mkdir(dirname(path(name)), { recursive: true });
  await writeFile(path(name), text);
}

describe('of Debian packages', () => {
  test('are read from a root, also where one package has the papers of another', async () => {
    await put('root/usr/share/doc/one/copyright', copyright('GPL-2+'));
    await put('root/usr/share/doc/linked/changelog', '');
    await symlink('one', path('root/usr/share/doc/two'));
    await symlink('../one/copyright', path('root/usr/share/doc/linked/copyright'));
    await put('root/usr/share/doc/loose/copyright', 'Free to all.');
    await run(['tar', '--directory', path('root'), '--create', '--file', path('root.tar'), '.']);
    const cache = new Cache(path('cache'));
    const tar = await cache.adopt(path('root.tar'));
    const found = await rootLicences(cache, tar);
    expect([...found].map(([name, { expression }]) => [name, expression]).toSorted()).toEqual([
      ['linked', 'GPL-2.0-or-later'],
      ['loose', 'NOASSERTION'],
      ['one', 'GPL-2.0-or-later'],
      ['two', 'GPL-2.0-or-later'],
    ]);
    await rm(tar.path);
    expect(await rootLicences(cache, tar)).toEqual(found);
  });

  test('are read from a package that is in no root, once', async () => {
    await put(
      'deb/DEBIAN/control',
      'Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n',
    );
    await put('deb/usr/share/doc/tiny/copyright', copyright('Expat'));
    await run(['dpkg-deb', '--build', '--root-owner-group', path('deb'), path('tiny.deb')]);
    let unpacked = 0;
    const unpack = async (directory: string) => {
      unpacked += 1;
      await run(['dpkg-deb', '--extract', path('tiny.deb'), directory]);
    };
    const cache = new Cache(path('cache'));
    for (const _ of [1, 2])
      expect((await packageLicence(cache, tinyPackage('tiny'), unpack)).expression).toBe('MIT');
    expect(unpacked).toBe(1);
  });
});

describe('of Go modules', () => {
  const modules = [
    { module: 'github.com/BurntSushi/toml', version: 'v1.0.0' },
    { module: 'example.org/choice', version: 'v1.0.0' },
    { module: 'example.org/none', version: 'v1.0.0' },
  ];
  const fill = async () => {
    await put('mod/github.com/!burnt!sushi/toml@v1.0.0/COPYING', ISC);
    await put('mod/example.org/choice@v1.0.0/LICENSE', ISC);
    await put('mod/example.org/choice@v1.0.0/LICENSE.md', 'All rights reserved.');
    await put('mod/example.org/none@v1.0.0/README', ISC);
  };
  const expected = [
    ['example.org/choice@v1.0.0', 'NOASSERTION'],
    ['example.org/none@v1.0.0', 'NOASSERTION'],
    ['github.com/BurntSushi/toml@v1.0.0', 'ISC'],
  ];

  test('are read from their sources; of several files nobody knows which holds', async () => {
    await fill();
    const download = () => Promise.reject(new Error('nothing is missing'));
    const found = await goLicences(new Cache(path('cache')), modules, path('mod'), download);
    expect([...found].toSorted()).toEqual(expected);
  });

  test('are the same where the sources have to be fetched again, and then known without them', async () => {
    const cache = new Cache(path('cache'));
    expect([...(await goLicences(cache, modules, path('mod'), fill))].toSorted()).toEqual(expected);
    await rm(path('mod'), { recursive: true });
    const download = () => Promise.reject(new Error('known already'));
    expect([...(await goLicences(cache, modules, path('mod'), download))].toSorted()).toEqual(expected);
  });
});
