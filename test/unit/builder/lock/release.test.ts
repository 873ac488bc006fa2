import { expect, test } from 'vitest';
import { releaseAddress } from '../../../../builder/lock/release.ts';

const version = 'v1.36.3+k3s1';

test('a release of k3s is on GitHub, unless the site says otherwise', () => {
  const published = 'https://github.com/k3s-io/k3s/releases/download/v1.36.3%2Bk3s1/';
  expect(releaseAddress({ version })).toBe(published);
  for (const release of ['https://mirror.example/k3s', 'https://mirror.example/k3s/'])
    expect(releaseAddress({ version, release })).toBe('https://mirror.example/k3s/');
});
