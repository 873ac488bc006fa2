import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../contract/manifest.ts';
import { registryView, splitReference } from '../../../contract/registry-view.ts';

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const hex = (digit: string) => digit.repeat(64);
const [manifest, config, layer] = [digest('a'), digest('b'), digest('c')];
const repository = 'docker/registry/v2/repositories/registry.k8s.io/kube-proxy';

describe('registryView', () => {
  test("has the links of distribution's storage layout, and no other", () => {
    const reference = 'registry.k8s.io/kube-proxy:v1.36.3';
    const { links, blobs } = registryView([
      { reference, digest: manifest, manifest, content: [config, layer] },
    ]);
    expect(Object.fromEntries(links)).toEqual({
      [`${repository}/_manifests/revisions/sha256/${hex('a')}/link`]: manifest,
      [`${repository}/_manifests/tags/v1.36.3/current/link`]: manifest,
      [`${repository}/_manifests/tags/v1.36.3/index/sha256/${hex('a')}/link`]: manifest,
      [`${repository}/_layers/sha256/${hex('b')}/link`]: config,
      [`${repository}/_layers/sha256/${hex('c')}/link`]: layer,
    });
    expect(Object.fromEntries(blobs)).toEqual({
      [`docker/registry/v2/blobs/sha256/aa/${hex('a')}/data`]: manifest,
      [`docker/registry/v2/blobs/sha256/bb/${hex('b')}/data`]: config,
      [`docker/registry/v2/blobs/sha256/cc/${hex('c')}/data`]: layer,
    });
  });

  test('has an index under its tag, and both the index and the manifest by digest', () => {
    const index = digest('e');
    const { links, blobs } = registryView([
      { reference: 'registry.k8s.io/kube-proxy:v1', digest: index, manifest, content: [config, layer] },
    ]);
    expect(links.get(`${repository}/_manifests/tags/v1/current/link`)).toBe(index);
    expect(links.get(`${repository}/_manifests/revisions/sha256/${hex('e')}/link`)).toBe(index);
    expect(links.get(`${repository}/_manifests/revisions/sha256/${hex('a')}/link`)).toBe(manifest);
    expect([...blobs.values()]).toEqual([index, manifest, config, layer]);
  });

  test('lists a layer that images share once among the blobs, and in each of their repositories', () => {
    const { links, blobs } = registryView([
      {
        reference: 'x.test/one:1',
        digest: digest('1'),
        manifest: digest('1'),
        content: [digest('2'), layer],
      },
      {
        reference: 'x.test/two:1',
        digest: digest('3'),
        manifest: digest('3'),
        content: [digest('4'), layer],
      },
    ]);
    expect([...links.keys()].filter((path) => path.includes(`_layers/sha256/${hex('c')}`))).toHaveLength(2);
    expect(blobs.size).toBe(5);
  });
});

describe('splitReference', () => {
  test.each([
    ['registry.k8s.io/coredns/coredns:v1.14.7', 'registry.k8s.io/coredns/coredns', 'v1.14.7'],
    ['localhost:5000/a:1', 'localhost:5000/a', '1'],
  ])('%s', (reference, name, tag) => {
    expect(splitReference(reference)).toEqual({ repository: name, tag });
  });

  test.each(['busybox', 'localhost:5000/a', `a:1@${manifest}`])('%s has no tag', (reference) => {
    expect(() => splitReference(reference)).toThrow('without a tag');
  });
});
