import { expect, test } from 'vitest';
import { debianComponents } from '../../../../builder/bundle/debian.ts';
import { tinyLock, tinyPackage } from '../../../support/tiny-lock.ts';

test('packages of the sets that end up on the medium, in the parts that the sets do; build tools are not', () => {
  const lock = tinyLock({
    debian: {
      indexes: [],
      packages: [
        tinyPackage('busybox'),
        tinyPackage('git', { version: '1:2.47~rc+1' }),
        tinyPackage('xorriso'),
      ],
      sets: { os: ['busybox', 'git'], build: ['git', 'xorriso'], 'image/busybox': ['busybox'] },
    },
  });
  const found = debianComponents(lock, (set) => (set === 'os' ? ['10-os'] : [`${set}:1`, `${set}:2`]));
  expect(found.map(({ purl, in: parts }) => [purl, parts])).toEqual([
    ['pkg:deb/debian/busybox@1.0-1?arch=amd64', ['10-os', 'image/busybox:1', 'image/busybox:2']],
    ['pkg:deb/debian/git@1%3A2.47~rc%2B1?arch=amd64', ['10-os']],
  ]);
});
