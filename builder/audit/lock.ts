import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { digestOf, type Manifest } from '../../contract/manifest.ts';
import type { SpdxDocument } from '../../contract/spdx.ts';
import { carriedDebian, debianPurl } from '../bundle/debian.ts';
import { lockedSignatures } from '../bundle/published.ts';
import type { Check } from './check.ts';
import { compareReferrers } from './referrers.ts';

type Found = (problem: CpiabError) => void;

/** The lock is the one that the manifest names, and what it pins is what the bundle has. */
export const lockCheck: Check = {
  name: 'lock',
  run: async (bundle, found) => {
    const { medium, manifest, documents } = bundle;
    const { document: lock, digest } = await documents.lock();
    const subject = `${medium.path}: lock`;
    comparePublished(lock, manifest, subject, found);
    await compareReferrers(bundle, lock, found);
    const sbom = await documents.sbom().catch(() => null);
    const debian = carriedDebian(lock).length;
    const published = lock.upstream.length + lock.charts.length + lock.files.length + lock.git.length;
    const pinned = `${debian} Debian packages, ${lock.go.length} Go programs, ${published} parts that others published`;
    if (sbom === null) return { says: `${pinned}; no bill of materials to compare with`, digest };
    comparePackages(lock, sbom.document, subject, found);
    return { says: `${pinned}, as in the bill of materials`, count: debian, digest };
  },
};

/** What others published has the digests that the lock pins. */
function comparePublished(
  { upstream, charts, files, git, site }: Lock,
  manifest: Manifest,
  subject: string,
  found: Found,
): void {
  if (site !== manifest.site)
    found(new CpiabError('E2122', { subject, args: [`site ${manifest.site}`, `site ${site}`] }));
  const published: Record<string, string> = {
    ...manifest.images,
    ...manifest.charts,
    ...manifest.downloads,
    ...manifest.signatures,
  };
  const downloads = files.map(({ path, sha256 }) => ({ reference: path, digest: digestOf(sha256) }));
  for (const { url, ref, commit } of git) {
    const carried = manifest.repositories[`${url}@${ref}`]?.commit ?? 'nothing of that name';
    if (carried !== commit) found(new CpiabError('E2122', { subject: url, args: [carried, commit] }));
  }
  for (const { reference, digest } of [...upstream, ...lockedSignatures(upstream), ...charts, ...downloads]) {
    const carried = published[reference] ?? 'nothing of that name';
    if (carried !== digest) found(new CpiabError('E2122', { subject: reference, args: [carried, digest] }));
  }
}

/** Debian packages: the same ones in both, of the same content. Those inside of published images are not locked. */
function comparePackages(lock: Lock, sbom: SpdxDocument, subject: string, found: Found): void {
  const locked = new Map(carriedDebian(lock).map(({ deb }) => [debianPurl(deb), deb.sha256]));
  const described = ownDebian(sbom, lock);
  const disagree = (what: string) => found(new CpiabError('E2121', { subject, args: [what] }));
  for (const [purl, sha256] of locked) {
    if (!described.has(purl)) disagree(`${purl} is locked, but not described`);
    else if (described.get(purl) !== sha256) disagree(`${purl} is described with another digest`);
  }
  for (const purl of described.keys())
    if (!locked.has(purl)) disagree(`${purl} is described, but not locked`);
}

/** Package URL → SHA-256 of the Debian packages that are in something else than a published image. */
function ownDebian({ packages, relationships }: SpdxDocument, { upstream }: Lock): Map<string, string> {
  const published = new Set(upstream.map(({ reference }) => reference));
  const foreign = new Set(packages.filter(({ name }) => published.has(name)).map(({ SPDXID }) => SPDXID));
  const own = new Set(
    relationships
      .filter(({ spdxElementId }) => !foreign.has(spdxElementId))
      .map(({ relatedSpdxElement }) => relatedSpdxElement),
  );
  return new Map(
    packages.flatMap(({ SPDXID, externalRefs, checksums }) => {
      const purl = externalRefs?.[0].referenceLocator ?? '';
      if (!own.has(SPDXID) || !purl.startsWith('pkg:deb/')) return [];
      return [[purl, checksums?.[0].checksumValue ?? '']];
    }),
  );
}
