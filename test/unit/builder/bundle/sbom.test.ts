import { describe, expect, test } from 'vitest';
import { type BundlePart, type Component, spdxDocument } from '../../../../builder/bundle/sbom.ts';
import type { Digest } from '../../../../contract/manifest.ts';
import { SpdxDocumentSchema } from '../../../../contract/spdx.ts';
import packageJson from '../../../../package.json' with { type: 'json' };

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const os: BundlePart = { name: '10-os', version: 'v', digest: digest('a'), purpose: 'OPERATING_SYSTEM' };
const image: BundlePart = {
  name: 'ghcr.io/a/app:1',
  version: '1',
  digest: digest('b'),
  purpose: 'CONTAINER',
  purl: 'pkg:oci/app@1',
};

const component = (purl: string, changes: Partial<Component> = {}): Component => ({
  name: 'x',
  version: '1',
  purl,
  licence: 'MIT',
  in: ['10-os'],
  ...changes,
});

const document = (...components: Component[]) =>
  spdxDocument({
    site: 'lab',
    revision: 'f00d',
    lockDigest: digest('c'),
    epoch: 1_763_000_000,
    parts: [os, image],
    components,
  });

describe('spdxDocument', () => {
  test('has the fields that SPDX 2.3 requires of a document', () => {
    const made = document();
    expect(made).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: 'lab',
      documentNamespace: 'https://cpiab.dev/spdx/lab/f00d/cccccccccccccccc',
      creationInfo: {
        created: '2025-11-13T02:13:20Z',
        creators: [`Tool: cpiab-${packageJson.version}`],
      },
    });
    expect(SpdxDocumentSchema.parse(made)).toEqual(made);
  });

  test('describes the bundle, which contains the parts of the manifest by digest', () => {
    const { packages, relationships } = document();
    expect(packages.map(({ name, checksums }) => [name, checksums?.[0].checksumValue])).toEqual([
      ['cpiab-lab', undefined],
      ['10-os', 'a'.repeat(64)],
      ['ghcr.io/a/app:1', 'b'.repeat(64)],
    ]);
    const [bundle, ...parts] = packages.map(({ SPDXID }) => SPDXID);
    expect(relationships.map((found) => Object.values(found))).toEqual([
      ['SPDXRef-DOCUMENT', 'DESCRIBES', bundle],
      ...parts.map((part) => [bundle, 'CONTAINS', part]),
    ]);
  });

  test('has the fields that SPDX 2.3 requires of a package, its purl and its checksum', () => {
    const sha256 = 'a'.repeat(64);
    expect(document(component('pkg:npm/node@26', { sha256 })).packages.at(-1)).toEqual({
      SPDXID: expect.stringMatching(/^SPDXRef-[A-Za-z0-9.-]+$/),
      name: 'x',
      versionInfo: '1',
      downloadLocation: 'NOASSERTION',
      filesAnalyzed: false,
      licenseConcluded: 'NOASSERTION',
      licenseDeclared: 'MIT',
      copyrightText: 'NOASSERTION',
      checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
      externalRefs: [
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: 'pkg:npm/node@26' },
      ],
    });
  });

  test('gives each package an identifier of its own, also where only punctuation tells them apart', () => {
    const purls = [
      'pkg:deb/debian/libstdc++6@1',
      'pkg:deb/debian/libstdc-6@1',
      'pkg:golang/a/b@1',
      'pkg:golang/a-b@1',
    ];
    const { packages } = document(...purls.map((purl) => component(purl)));
    expect(new Set(packages.map(({ SPDXID }) => SPDXID)).size).toBe(3 + purls.length);
  });

  test('names a package once that two sources found, in all the parts that they say', () => {
    const purl = 'pkg:golang/golang.org/x/net@v1';
    const { packages, relationships } = document(component(purl), component(purl, { in: [image.name] }));
    const found = packages.filter(({ externalRefs }) => externalRefs?.[0].referenceLocator === purl);
    expect(found).toHaveLength(1);
    const holders = relationships.filter(({ relatedSpdxElement: id }) => id === found[0]?.SPDXID);
    expect(
      holders.map(({ spdxElementId: id }) => packages.find(({ SPDXID }) => SPDXID === id)?.name),
    ).toEqual(['10-os', 'ghcr.io/a/app:1']);
  });

  test('is refused for a package in a part that the bundle does not have', () => {
    expect(() => document(component('pkg:npm/a@1', { in: ['20-engine'] }))).toThrow(/20-engine/);
  });
});
