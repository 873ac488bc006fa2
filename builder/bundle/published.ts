import type { Lock } from '../../contract/lock.ts';
import { type Digest, digestOf, hexOf } from '../../contract/manifest.ts';
import type { Resource } from '../../contract/provenance.ts';
import { referrersReference, signaturesReference } from '../../contract/registry-view.ts';
import type { FetchedSource } from '../fetch/sources.ts';
import { ociPart } from './bundle-parts.ts';
import type { BundlePart } from './sbom.ts';

type Published = Pick<Lock, 'upstream' | 'charts' | 'files' | 'git'>;

/** What others published, as provenance names it. Source: SLSA Provenance v1, resolvedDependencies. */
export function publishedMaterials({ upstream, charts, files, git }: Published): Resource[] {
  const pinned = (scheme: string, { reference, digest }: { reference: string; digest: string }) => ({
    uri: `${scheme}://${reference}`,
    digest: { sha256: hexOf(digest) },
  });
  return [
    ...[...upstream, ...lockedSignatures(upstream), ...lockedReferrers(upstream)].map((image) =>
      pinned('docker', image),
    ),
    ...charts.map((chart) => pinned('oci', chart)),
    ...files.map(({ path, url, sha256 }) => ({ name: path, uri: url, digest: { sha256 } })),
    ...git.map(({ url, name, commit }) => ({ uri: `git+${url}@${name}`, digest: { gitCommit: commit } })),
  ];
}

/** Manifests of the signatures that the lock pins, each once, by the reference that a registry has them under. */
export function lockedSignatures(upstream: Lock['upstream']): { reference: string; digest: Digest }[] {
  const byReference = new Map<string, Digest>();
  for (const { reference, digest, signature } of upstream)
    if (signature !== undefined) byReference.set(signaturesReference(reference, digest), signature);
  return [...byReference].map(([reference, digest]) => ({ reference, digest }));
}

/** Manifests that the lock pins because they refer to images, each once, by a reference of its own. */
export function lockedReferrers(upstream: Lock['upstream']): { reference: string; digest: Digest }[] {
  const byReference = new Map<string, Digest>();
  for (const { reference, referrers = [] } of upstream)
    for (const digest of referrers) byReference.set(referrersReference(reference, digest), digest);
  return [...byReference].map(([reference, digest]) => ({ reference, digest }));
}

/** What others published and is no image, as parts of the bundle. */
export function publishedParts(
  { charts, files }: Published,
  repositories: readonly FetchedSource[],
): BundlePart[] {
  return [
    ...charts.map((chart) => ociPart(chart, 'ARCHIVE')),
    ...files.map(filePart),
    ...repositories.map(repositoryPart),
  ];
}

/** Source: the purl specification, type generic, qualifier `vcs_url`. */
function repositoryPart({ url, ref, commit, file }: FetchedSource): BundlePart {
  const name = url.replace(/(?:\.git)?\/*$/, '').replace(/^.*\//, '');
  return {
    name: `${url}@${ref}`,
    version: commit,
    digest: digestOf(file.sha256),
    purpose: 'SOURCE',
    purl: `pkg:generic/${name}@${commit}?vcs_url=${encodeURIComponent(`git+${url}@${commit}`)}`,
  };
}

/** Source: the purl specification, type generic. */
function filePart({ path, url, release, sha256 }: Lock['files'][number]): BundlePart {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const version = release === undefined ? '' : `@${encodeURIComponent(release)}`;
  return {
    name: path,
    version: release ?? digestOf(sha256),
    digest: digestOf(sha256),
    purpose: 'FILE',
    purl: `pkg:generic/${name}${version}?checksum=sha256:${sha256}&download_url=${encodeURIComponent(url)}`,
  };
}
