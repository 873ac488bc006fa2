import { expect, test } from 'vitest';
import { keepVersions } from '../../../../builder/lock/keep.ts';
import type { Lock } from '../../../../contract/lock.ts';
import { tinyLock, tinyPackage } from '../../../support/tiny-lock.ts';

const hex = (digit: string) => digit.repeat(64);
const debian = (...packages: Lock['debian']['packages']) => ({ ...tinyLock().debian, packages });
const image = (digit: string, release?: string): Lock['upstream'][number] => ({
  reference: 'ghcr.io/a/app:1',
  digest: `sha256:${hex(digit)}`,
  manifest: `sha256:${hex(digit)}`,
  size: 1,
  ...(release !== undefined && { release }),
});
const file = (path: string, digit: string, release?: string): Lock['files'][number] => ({
  path,
  url: `https://example.org/${path}`,
  sha256: hex(digit),
  size: 1,
  ...(release !== undefined && { release }),
});
const update = (old: Partial<Lock>, fresh: Partial<Lock>, ...named: string[]) =>
  keepVersions(tinyLock(old), tinyLock(fresh), new Set(named));

test('only the named package is another one; what is new comes, what is gone goes', () => {
  const of = (version: string) => (name: string) => tinyPackage(name, { version });
  const old = debian(...['git', 'runc', 'xz'].map(of('1')));
  const fresh = debian(...['git', 'runc', 'zstd'].map(of('2')));
  const { packages } = update({ debian: old }, { debian: fresh }, 'git').debian;
  expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['git 2', 'runc 1', 'zstd 2']);
});

test('an image stays until it is named, but not over to another release of the engine', () => {
  expect(update({ upstream: [image('1')] }, { upstream: [image('2')] }, 'git').upstream).toEqual([
    image('1'),
  ]);
  expect(update({ upstream: [image('1')] }, { upstream: [image('2')] }, 'ghcr.io/a/app:1').upstream).toEqual([
    image('2'),
  ]);
  const [old, fresh] = [image('1', 'v1+k3s1'), image('2', 'v1+k3s2')];
  expect(update({ upstream: [old] }, { upstream: [fresh] }, 'git').upstream).toEqual([fresh]);
});

test('the files of a release change together, and other files do not with them', () => {
  const all = (digit: string) => [
    file('engine/k3s', digit, 'v1+k3s1'),
    file('engine/sha256sum-amd64.txt', digit, 'v1+k3s1'),
    file('tool', digit),
  ];
  const digests = (...named: string[]) =>
    update({ files: all('1') }, { files: all('2') }, ...named).files.map(({ sha256 }) => sha256[0]);
  expect(digests('git')).toEqual(['1', '1', '1']);
  expect(digests('engine/k3s')).toEqual(['2', '2', '1']);
  expect(digests('tool')).toEqual(['1', '1', '2']);
});

test('a file at another address is another file', () => {
  const moved = { ...file('tool', '2'), url: 'https://mirror.example/tool' };
  expect(update({ files: [file('tool', '1')] }, { files: [moved] }, 'git').files).toEqual([moved]);
});
