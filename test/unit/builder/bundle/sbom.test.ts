import { describe, expect, test } from 'vitest';
import { type Component, debianComponents, spdxDocument } from '../../../../builder/bundle/sbom.ts';
import { tinyLock, tinyPackage } from '../../../support/tiny-lock.ts';

const component = (purl: string, changes: Partial<Component> = {}): Component => ({
  name: 'x',
  version: '1',
  purl,
  licence: 'MIT',
  in: ['10-os'],
  ...changes,
});

interface Spdx {
  packages: { SPDXID: string; [field: string]: unknown }[];
  relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
}
const document = (...components: Component[]) =>
  spdxDocument('lab', 'f00d', 1_763_000_000, components) as Spdx & Record<string, unknown>;

describe('spdxDocument', () => {
  test('has the fields that SPDX 2.3 requires of a document', () => {
    expect(document()).toEqual({
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: 'lab',
      documentNamespace: 'https://cpiab.dev/spdx/lab/f00d',
      creationInfo: { created: '2025-11-13T02:13:20Z', creators: ['Tool: cpiab'] },
      packages: [],
      relationships: [],
    });
  });

  test('has the fields that SPDX 2.3 requires of a package, its purl and its checksum', () => {
    const sha256 = 'a'.repeat(64);
    const [found] = document(component('pkg:npm/node@26', { sha256 })).packages;
    expect(found).toEqual({
      SPDXID: expect.stringMatching(/^SPDXRef-[A-Za-z0-9.-]+$/),
      name: 'x',
      versionInfo: '1',
      downloadLocation: 'NOASSERTION',
      filesAnalyzed: false,
      licenseConcluded: 'NOASSERTION',
      licenseDeclared: 'MIT',
      copyrightText: 'NOASSERTION',
      comment: 'in 10-os',
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
    const { packages, relationships } = document(...purls.map((purl) => component(purl)));
    const identifiers = packages.map(({ SPDXID }) => SPDXID);
    expect(new Set(identifiers).size).toBe(purls.length);
    expect(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement)).toEqual(identifiers);
  });
});

describe('debianComponents', () => {
  test('are the packages that end up on the medium, with the sets they are in; build tools are not', () => {
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
    expect(debianComponents(lock).map(({ purl, in: sets }) => [purl, sets])).toEqual([
      ['pkg:deb/debian/busybox@1.0-1?arch=amd64', ['os', 'image/busybox']],
      ['pkg:deb/debian/git@1%3A2.47~rc%2B1?arch=amd64', ['os']],
    ]);
  });
});
