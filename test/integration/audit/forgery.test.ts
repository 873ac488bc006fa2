import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { app, auditedBundle, findings, NOW, other } from '../../support/audit.ts';
import type { Forgery } from '../../support/forge.ts';
import { freshDirectory } from '../../support/fresh-directory.ts';
import type { TinyBundle } from '../../support/tiny-bundle.ts';

const path = freshDirectory();
let bundle: TinyBundle;
beforeEach(async () => {
  bundle = await auditedBundle(path());
});

describe('of a bundle that the holder of the key has forged, one error and no other tells of', () => {
  const cases: Record<string, [string, string, Forgery]> = {
    'an image that the bill of materials lacks': [
      'sbom',
      'E2118',
      {
        documents: {
          sbom: (sbom) => {
            const { SPDXID } = sbom.packages.find(({ name }: { name: string }) => name === other);
            sbom.packages = sbom.packages.filter((found: { SPDXID: string }) => found.SPDXID !== SPDXID);
            sbom.relationships = sbom.relationships.filter(
              (found: Record<string, string>) => !Object.values(found).includes(SPDXID),
            );
          },
        },
      },
    ],
    'a package without a version': [
      'sbom',
      'E2114',
      { documents: { sbom: (sbom) => delete sbom.packages.at(-1).versionInfo } },
    ],
    'a bill of materials of another version of SPDX': [
      'sbom',
      'E2114',
      { documents: { sbom: (sbom) => void Object.assign(sbom, { spdxVersion: 'SPDX-2.2' }) } },
    ],
    'a bill of materials that is no JSON': [
      'sbom',
      'E2114',
      { documents: { sbom: () => 'SPDXVersion: SPDX-2.3' } },
    ],
    'a package that is in nothing': [
      'sbom',
      'E2119',
      { documents: { sbom: (sbom) => void sbom.relationships.pop() } },
    ],
    'a relation to what is not there': [
      'sbom',
      'E2119',
      {
        documents: {
          sbom: (sbom) =>
            void sbom.relationships.push({ ...sbom.relationships[0], relatedSpdxElement: 'SPDXRef-x' }),
        },
      },
    ],
    'two packages of one identifier': [
      'sbom',
      'E2119',
      { documents: { sbom: (sbom) => void sbom.packages.push(sbom.packages.at(-1)) } },
    ],
    'a licence of its own without its text': [
      'sbom',
      'E2119',
      {
        documents: {
          sbom: (sbom) => void Object.assign(sbom.packages.at(-1), { licenseDeclared: 'LicenseRef-odd' }),
        },
      },
    ],
    'provenance of another image': [
      'provenance',
      'E2123',
      {
        documents: {
          provenance: (statement) =>
            void Object.assign(statement.subject[0].digest, { sha256: 'a'.repeat(64) }),
        },
      },
    ],
    'provenance that leaves an image out': [
      'provenance',
      'E2123',
      { documents: { provenance: (statement) => void statement.subject.shift() } },
    ],
    'provenance of another commit': [
      'provenance',
      'E2123',
      {
        documents: {
          provenance: ({ predicate }) =>
            void Object.assign(predicate.buildDefinition.externalParameters, { revision: '8'.repeat(40) }),
        },
      },
    ],
    'provenance that hides what went in': [
      'provenance',
      'E2124',
      {
        documents: {
          provenance: ({ predicate }) => void predicate.buildDefinition.resolvedDependencies.pop(),
        },
      },
    ],
    'provenance by another builder': [
      'provenance',
      'E2114',
      {
        documents: {
          provenance: ({ predicate }) =>
            void Object.assign(predicate.runDetails.builder, { id: 'https://x.org' }),
        },
      },
    ],
    'a statement of another type': [
      'provenance',
      'E2113',
      {
        documents: {
          provenance: (statement) =>
            void Object.assign(statement, { predicateType: 'https://slsa.dev/provenance/v0.2' }),
        },
      },
    ],
    'a lock that is not the one of the manifest': [
      'lock',
      'E2120',
      { documents: { lock: (lock) => void Object.assign(lock, { epoch: lock.epoch + 1 }) } },
    ],
    'an artifact of an unknown kind': [
      'manifest',
      'E2113',
      {
        manifest: (manifest) => void Object.assign(manifest.artifacts, { extra: manifest.artifacts.git }),
        index: (index) => {
          const git = index.manifests.find((found: Record<string, unknown>) =>
            JSON.stringify(found).includes('artifact/git'),
          );
          index.manifests.push({
            ...git,
            annotations: { 'org.opencontainers.image.ref.name': 'cpiab.dev/artifact/extra' },
          });
        },
        documents: {
          provenance: (statement) => {
            const git = statement.subject.find(({ name }: { name: string }) => name === 'git');
            statement.subject.push({ ...git, name: 'extra' });
          },
        },
      },
    ],
    'an artifact of another type than its name says': [
      'manifest',
      'E2113',
      { artifacts: { git: (artifact) => void Object.assign(artifact, { artifactType: 'application/x' }) } },
    ],
    'an index that says something else': [
      'manifest',
      'E2116',
      { index: (index) => void Object.assign(index.manifests[0], { digest: index.manifests[1].digest }) },
    ],
    'an expiry in the past': [
      'expiry',
      'E2108',
      { manifest: (manifest) => void Object.assign(manifest, { expires: NOW }) },
    ],
  };

  test.for(Object.entries(cases))('%s', async ([, [check, code, forgery]]) => {
    expect(await findings(path(), bundle, forgery)).toMatchObject({ failed: [check], codes: [code] });
  });

  test('a manifest with a key that nobody knows', async () => {
    const found = await findings(path(), bundle, {
      manifest: (manifest) => void Object.assign(manifest, { extra: 1 }),
    });
    expect(found).toMatchObject({ failed: ['signature'], codes: ['E2114'] });
  });

  test('no provenance at all', async () => {
    const found = await findings(path(), bundle, {
      manifest: (manifest) => delete manifest.artifacts.provenance,
      index: (index) => void index.manifests.pop(),
    });
    expect(found.codes).toContain('E2115');
    expect(found.failed).toEqual(['manifest', 'provenance']);
  });
});

test('content that nothing names is found, although it is signed', async () => {
  const text = 'smuggled';
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(`${bundle.directory}/blobs/sha256/${digest}`, text);
  const found = await findings(path(), bundle, {
    manifest: (manifest) =>
      void manifest.blobs.push({ digest: `sha256:${digest}`, size: 8, role: 'image-layer', for: [app] }),
  });
  expect(found).toMatchObject({ failed: ['manifest'], codes: ['E2117'] });
});
