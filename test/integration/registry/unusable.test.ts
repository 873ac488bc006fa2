import { describe, expect, test } from 'vitest';
import { fetchConfig } from '../../../builder/registry/config.ts';
import { resolveImage } from '../../../builder/registry/manifests.ts';
import type { Registry } from '../../../builder/registry/registry.ts';
import { refusal } from '../../support/refusal.ts';
import { described, digestOf, documents, hostileRegistries, types } from '../../support/registry/hostile.ts';

const SUBJECT = 'ghcr.io/team/app';
const registryAt = hostileRegistries();
const reference = { host: 'ghcr.io', repository: 'team/app', tag: '1.0' };

/** Resolves an image as `cpiab lock` does. */
async function resolved(registry: Registry) {
  const image = await resolveImage(registry, reference);
  await fetchConfig(registry, reference, image);
  return image;
}

const config = (architecture: string) =>
  JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } });
const manifestOf = (changes: object) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: described(types.config, config('amd64')),
    layers: [],
    ...changes,
  });
const indexOf = (manifests: object[]) =>
  JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests });
const amd64 = { platform: { os: 'linux', architecture: 'amd64' } };
const arm64 = { platform: { os: 'linux', architecture: 'arm64' } };
const inner = manifestOf({});

describe('an image that cannot be used', () => {
  const sha512 = `sha512:${'0'.repeat(128)}`;

  test.each<[string, string, string, Record<string, string>]>([
    [
      'for another platform, by its index',
      'E3015',
      'it has linux/arm64',
      { '1.0': indexOf([described(types.manifest, inner, arm64)]) },
    ],
    [
      'for another platform, by its config',
      'E3015',
      'it has linux/arm64',
      { '1.0': manifestOf({ config: described(types.config, config('arm64')) }), config: config('arm64') },
    ],
    ['of an index without platforms', 'E3015', 'it has none', { '1.0': indexOf([]) }],
    [
      'of an index of indexes',
      'E3062',
      'another index',
      { '1.0': indexOf([described(types.index, indexOf([]), amd64)]), inner: indexOf([]) },
    ],
    [
      'with sha512 digests',
      'E3057',
      'by sha512',
      { '1.0': manifestOf({ config: { ...described(types.config, ''), digest: sha512 } }) },
    ],
    [
      'with an index of sha512 digests',
      'E3057',
      'by sha512',
      { '1.0': indexOf([{ ...described(types.manifest, inner, amd64), digest: sha512 }]) },
    ],
    [
      'of schema 1',
      'E3058',
      "first version of Docker's manifest",
      { '1.0': JSON.stringify({ schemaVersion: 1, name: 'team/app', fsLayers: [] }) },
    ],
    [
      'with layers from elsewhere',
      'E3059',
      `its layer ${digestOf('base')}`,
      {
        '1.0': manifestOf({ layers: [described(types.layer, 'base', { urls: ['https://127.0.0.1/base'] })] }),
      },
    ],
    [
      'with layers that may not be shared',
      'E3059',
      'may not be',
      {
        '1.0': manifestOf({
          layers: [described('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'base')],
        }),
      },
    ],
    [
      'that is a chart',
      'E3060',
      'helm',
      { '1.0': manifestOf({ config: described('application/vnd.cncf.helm.config.v1+json', '{}') }) },
    ],
    [
      'that is a signature',
      'E3060',
      'application/x.sig',
      {
        '1.0': manifestOf({
          artifactType: 'application/x.sig',
          config: described('application/vnd.oci.empty.v1+json', '{}'),
        }),
      },
    ],
    ['that is JSON of another kind', 'E3017', 'media type', { '1.0': '{"kind": "List"}' }],
    ['that is no JSON', 'E3017', 'media type', { '1.0': 'one moment, please' }],
    [
      'with a size below zero',
      'E3017',
      'not one',
      { '1.0': manifestOf({ layers: [{ ...described(types.layer, 'x'), size: -1 }] }) },
    ],
    [
      'whose config is none',
      'E3017',
      'names no layers',
      { '1.0': manifestOf({ config: described(types.config, '[]') }), config: '[]' },
    ],
  ])('%s', async (_, code, message, served) => {
    const all = Object.entries(served).map(([name, text]) => [name, { type: 'application/json', text }]);
    const refused = await refusal(resolved(await registryAt(documents(Object.fromEntries(all)))));
    expect([refused.code, refused.exit]).toEqual([code, 1]);
    expect(refused.subject).toContain(SUBJECT);
    expect(refused.message).toContain(message);
  });
});
