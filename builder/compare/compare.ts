import { z } from 'zod';
import type { BlobRole, Digest, Manifest } from '../../contract/manifest.ts';
import { readBlob } from '../verify/blob.ts';
import type { OpenBundle } from '../verify/medium.ts';

/** One thing that two bundles have in different versions. Null: it isn't there. */
export interface Change {
  name: string;
  before: string | null;
  after: string | null;
}

/** What differs between two bundles. */
export interface Differences {
  /** Site, revision, sequence, lock, expiry. */
  about: Change[];
  /** By name without tag; the values are tags, and digests where the tag stayed. */
  images: Change[];
  /** By the reference that an image's signatures have; the values are digests of their manifests. */
  signatures: Change[];
  /** By the reference of what refers to a manifest; the values are digests of their indexes. */
  referrers: Change[];
  /** Like images. */
  charts: Change[];
  /** By address and reference; the values are commits. */
  repositories: Change[];
  /** By where they are put; the values are digests. */
  files: Change[];
  /** Packages of the bills of materials: Debian packages, Go modules and what else they name. */
  packages: Change[];
  /** Bytes of each role. */
  sizes: { role: BlobRole; before: number; after: number }[];
}

/** @throws CpiabError E2103 for a damaged bill of materials. */
export async function compareBundles(before: OpenBundle, after: OpenBundle): Promise<Differences> {
  const [one, other] = [before.manifest, after.manifest];
  return {
    about: changes(aboutOf(one), aboutOf(other)),
    images: changes(referencesOf(one.images, other.images), referencesOf(other.images, one.images)),
    signatures: changes(digestsOf(one.signatures), digestsOf(other.signatures)),
    referrers: changes(digestsOf(one.referrers), digestsOf(other.referrers)),
    repositories: changes(commitsOf(one), commitsOf(other)),
    files: changes(digestsOf(one.downloads), digestsOf(other.downloads)),
    charts: changes(referencesOf(one.charts, other.charts), referencesOf(other.charts, one.charts)),
    packages: changes(await packagesOf(before), await packagesOf(after)),
    sizes: sizes(one, other),
  };
}

function aboutOf({ site, revision, sequence, lock, expires }: Manifest): Map<string, string> {
  return new Map([
    ['site', site],
    ['revision', revision],
    ['sequence', String(sequence)],
    ['lock', lock],
    ['expires', new Date(expires * 1000).toISOString().slice(0, 10)],
  ]);
}

/** The digest says more than the tag only where the tag is the same. */
function referencesOf(named: Manifest['images'], other: Manifest['images']): Map<string, string> {
  return new Map(
    Object.entries(named).map(([reference, digest]) => {
      const { name, tag } = split(reference);
      const moved = other[reference] !== undefined && other[reference] !== digest;
      return [name, moved ? `${tag} ${short(digest)}` : tag];
    }),
  );
}

const commitsOf = ({ repositories }: Manifest) =>
  new Map(Object.entries(repositories).map(([name, { commit }]) => [name, commit]));

const digestsOf = (named: Manifest['downloads']) =>
  new Map(Object.entries(named).map(([name, digest]) => [name, short(digest)]));

const short = (digest: Digest) => digest.slice(0, 'sha256:'.length + 12);

function split(reference: string): { name: string; tag: string } {
  const colon = reference.lastIndexOf(':');
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

const SpdxSchema = z.looseObject({
  packages: z.array(
    z.looseObject({
      versionInfo: z.string(),
      externalRefs: z
        .array(z.looseObject({ referenceType: z.string(), referenceLocator: z.string() }))
        .default([]),
    }),
  ),
});

async function packagesOf(bundle: OpenBundle): Promise<Map<string, string>> {
  const blob = bundle.manifest.blobs.find(({ role }) => role === 'sbom');
  if (blob === undefined) return new Map();
  const { packages } = SpdxSchema.parse(JSON.parse((await readBlob(bundle, blob.digest)).toString('utf8')));
  return new Map(
    packages.flatMap(({ versionInfo, externalRefs }) => {
      const purl = externalRefs.find(({ referenceType }) => referenceType === 'purl')?.referenceLocator;
      // The bundle itself, its modules and images are no packages: they are compared by what is in them.
      if (purl === undefined || purl.startsWith('pkg:oci/')) return [];
      // The package URL without its version: two kinds of package may have the same name.
      return [[purl.replace(/@[^@]*$/, ''), versionInfo]];
    }),
  );
}

function changes(before: Map<string, string>, after: Map<string, string>): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .toSorted()
    .map((name) => ({ name, before: before.get(name) ?? null, after: after.get(name) ?? null }))
    .filter((change) => change.before !== change.after);
}

function sizes(before: Manifest, after: Manifest): Differences['sizes'] {
  const roles = [...new Set([...before.blobs, ...after.blobs].map(({ role }) => role))].toSorted();
  const sum = ({ blobs }: Manifest, wanted: BlobRole) =>
    blobs.filter(({ role }) => role === wanted).reduce((total, { size }) => total + size, 0);
  return roles.map((role) => ({ role, before: sum(before, role), after: sum(after, role) }));
}
