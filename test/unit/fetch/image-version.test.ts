import { describe, expect, test } from 'vitest';
import { checkVersions, upstreamVersion } from '../../../builder/fetch/image-version.ts';
import { ImageRecipeSchema, type VersionSource } from '../../../contract/image.ts';

const parts = {
  module: (program: string, module: string) => (program === 'kube' && module === 'etcd' ? 'v3.6.8' : null),
  debian: (name: string) => (name === 'syncthing' ? '1.29.5~ds1-2' : null),
  npm: (name: string) => (name === 'oidc-provider' ? '9.13.3' : null),
};

const recipe = (reference: string, version: VersionSource) =>
  ImageRecipeSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'ImageRecipe',
    name: 'x',
    images: [{ reference, title: 'X', version }],
    layers: [[{ users: [] }]],
    config: {},
  });

describe('upstreamVersion', () => {
  test.each([
    ['1:1.37.0-6+b9', '1.37.0'],
    ['1.29.5~ds1-2', '1.29.5'],
    ['0.2.1-2+b14', '0.2.1'],
    ['2.0.0+dfsg.1-1~deb13u1', '2.0.0'],
    ['3.5', '3.5'],
  ])('%s is upstream %s', (debian, upstream) => {
    expect(upstreamVersion(debian)).toBe(upstream);
  });
});

describe('checkVersions', () => {
  test('accepts a tag that is the version of its part', () => {
    checkVersions(recipe('cpiab.dev/oci/syncthing:1.29.5', { debian: 'syncthing' }), parts);
    checkVersions(recipe('cpiab.dev/oci/sso:9.13.3', { npm: 'oidc-provider' }), parts);
    checkVersions(recipe('registry.k8s.io/etcd:3.6.8-0', { program: 'kube', module: 'etcd' }), parts);
  });

  test('refuses a tag that claims another version', () => {
    const stale = recipe('cpiab.dev/oci/syncthing:1.29.4', { debian: 'syncthing' });
    expect(() => checkVersions(stale, parts)).toThrow(expect.objectContaining({ code: 'E3007' }));
  });

  test('refuses a part that the lock has not', () => {
    const unknown = recipe('cpiab.dev/oci/x:1', { debian: 'x' });
    expect(() => checkVersions(unknown, parts)).toThrow(expect.objectContaining({ code: 'E3007' }));
  });
});
