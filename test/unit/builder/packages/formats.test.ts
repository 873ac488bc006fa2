import { describe, expect, test } from 'vitest';
import { apkPackages } from '../../../../builder/packages/apk.ts';
import { dpkgPackages } from '../../../../builder/packages/dpkg.ts';
import { goModules, MAGIC } from '../../../../builder/packages/go.ts';
import { npmPackage, pythonPackage } from '../../../../builder/packages/language.ts';

describe('dpkgPackages', () => {
  test('lists what is installed, and nothing that was removed', () => {
    const status = [
      'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41-12\nDescription: GNU C\n Package: not this\n',
      'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
    ].join('\n');
    expect(dpkgPackages(status)).toEqual([
      { type: 'deb', name: 'libc6', version: '2.41-12', licence: null, arch: 'amd64' },
    ]);
  });

  test('a file of status.d has no status', () => {
    expect(dpkgPackages('Package: tzdata\nVersion: 2026f-0\n')).toMatchObject([
      { name: 'tzdata', version: '2026f-0' },
    ]);
  });
});

test('apkPackages reads one letter a field', () => {
  const db =
    'C:Q1abc=\nP:musl\nV:1.2.5-r9\nA:x86_64\nL:MIT\nT:the musl c library\nF:lib\nR:ld-musl-x86_64.so.1\n\nP:busybox\nV:1.37.0-r12\nL:GPL-2.0-only\n\n';
  expect(apkPackages(db)).toEqual([
    { type: 'apk', name: 'musl', version: '1.2.5-r9', licence: 'MIT', arch: 'x86_64' },
    { type: 'apk', name: 'busybox', version: '1.37.0-r12', licence: 'GPL-2.0-only' },
  ]);
});

describe('goModules', () => {
  const record = (modules: string) => {
    const text = Buffer.concat([Buffer.alloc(16, 1), Buffer.from(modules), Buffer.alloc(16, 2)]);
    const string = (bytes: Buffer) =>
      Buffer.concat([Buffer.of((bytes.length & 0x7f) | 0x80, bytes.length >> 7), bytes]);
    const head = Buffer.concat([MAGIC, Buffer.of(8, 2), Buffer.alloc(32 - MAGIC.length - 2)]);
    return Buffer.concat([head, string(Buffer.from('go1.26.8')), string(text)]);
  };

  test('lists the module itself, what it depends on, and the standard library', () => {
    const text =
      'path\tgithub.com/a/b/cmd\nmod\tgithub.com/a/b\tv1.2.3\th1:x=\ndep\tgolang.org/x/net\tv0.50.0\th1:y=\n';
    expect(goModules(record(text)).map(({ name, version }) => `${name} ${version}`)).toEqual([
      'github.com/a/b v1.2.3',
      'golang.org/x/net v0.50.0',
      'stdlib 1.26.8',
    ]);
  });

  test('takes the module that replaces another', () => {
    const text = 'dep\tk8s.io/api\tv0.0.0\n=>\tk8s.io/api\tv0.36.3\th1:z=\n';
    expect(goModules(record(text))[0]).toMatchObject({ name: 'k8s.io/api', version: 'v0.36.3' });
  });

  test.each([0, 10, 31, 40, 60])('gives nothing for a record of %d bytes', (length) => {
    expect(goModules(record('mod\ta\tv1\n').subarray(0, length))).toEqual([]);
  });
});

test('npm and Python packages say their name, version and licence', () => {
  expect(npmPackage('{"name":"@a/b","version":"1.0.0","license":"ISC"}')).toEqual([
    { type: 'npm', name: '@a/b', version: '1.0.0', licence: 'ISC' },
  ]);
  expect([npmPackage('{"name":"x"}'), npmPackage('no json')]).toEqual([[], []]);
  expect(
    pythonPackage(
      'Metadata-Version: 2.4\nName: Typing_Extensions\nVersion: 4.15.0\nLicense-Expression: PSF-2.0\n\nName: no\n',
    ),
  ).toEqual([{ type: 'pypi', name: 'typing-extensions', version: '4.15.0', licence: 'PSF-2.0' }]);
});
