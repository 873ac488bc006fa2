import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { hexOf, type Manifest } from '../../contract/manifest.ts';
import type { Resource, Statement } from '../../contract/provenance.ts';
import { stableJson } from '../../host/cache.ts';
import { provenanceStatement } from '../bundle/provenance.ts';
import type { Check } from './check.ts';

type Found = (problem: CpiabError) => void;

/** The provenance is about what the manifest names, all of it and nothing else, and names what the lock pins. */
export const provenanceCheck: Check = {
  name: 'provenance',
  run: async ({ medium, manifest, documents }, found) => {
    const { document, digest } = await documents.provenance();
    const subject = `${medium.path}: provenance`;
    compareSubjects(document, manifest, subject, found);
    compareParameters(document, manifest, subject, found);
    const lock = await documents.lock().catch(() => null);
    const { resolvedDependencies } = document.predicate.buildDefinition;
    if (lock !== null) compareMaterials(resolvedDependencies, lock.document, manifest, subject, found);
    const count = document.subject.length;
    return {
      says: `SLSA v1, ${count} subjects, ${resolvedDependencies.length} materials`,
      count,
      digest,
    };
  },
};

/** It can't name itself. */
function subjectsOf({ images, charts, artifacts: { provenance: _, ...artifacts } }: Manifest) {
  return { ...images, ...charts, ...artifacts };
}

function compareSubjects(
  { subject: subjects }: Statement,
  manifest: Manifest,
  subject: string,
  found: Found,
) {
  const signed = new Map(Object.entries(subjectsOf(manifest)).map(([name, digest]) => [name, hexOf(digest)]));
  const problem = (what: string) => found(new CpiabError('E2123', { subject, args: [what] }));
  for (const { name, digest } of subjects) {
    if (!signed.has(name)) problem(`${name}, which the manifest lacks`);
    else if (signed.get(name) !== digest.sha256) problem(`${name} of other content`);
  }
  const named = new Set(subjects.map(({ name }) => name));
  for (const name of signed.keys()) if (!named.has(name)) problem(`not ${name}`);
  if (named.size < subjects.length) problem('a subject twice');
}

function compareParameters(
  { predicate }: Statement,
  { site, revision }: Manifest,
  subject: string,
  found: Found,
) {
  const said = predicate.buildDefinition.externalParameters;
  if (said.site !== site || said.revision !== revision)
    found(new CpiabError('E2123', { subject, args: [`${said.site} at ${said.revision}`] }));
}

/** The same as the builder would say of this lock. */
function compareMaterials(
  said: Resource[],
  lock: Lock,
  manifest: Manifest,
  subject: string,
  found: Found,
): void {
  const { site, revision, lock: lockDigest } = manifest;
  const expected = provenanceStatement({ site, revision, lock, lockDigest, subjects: {} });
  const [one, other] = [said, expected.predicate.buildDefinition.resolvedDependencies].map(
    (all) => new Map(all.map((resource) => [stableJson(resource), resource.uri ?? resource.name ?? ''])),
  );
  const problem = (what: string) => found(new CpiabError('E2124', { subject, args: [what] }));
  for (const [key, name] of other ?? []) if (!one?.has(key)) problem(`${name} is locked, but no material`);
  for (const [key, name] of one ?? [])
    if (!other?.has(key)) problem(`${name} is a material, but not locked so`);
}
