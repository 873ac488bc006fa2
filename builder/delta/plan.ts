import type { Blob, Digest, Manifest } from '../../contract/manifest.ts';

/** A blob that the base lacks. */
export interface NewBlob {
  blob: Blob;
  /** The base's blob that was in its place, where there is one: much of it may be the same. */
  from: Blob | null;
}

export interface DeltaPlan {
  blobs: NewBlob[];
  /** Bytes of the file at most: patches are smaller than what they stand for, or are not used. */
  most: number;
}

/** Smaller ones are not worth the time: a patch has a head too. */
const PATCH_FROM = 4096;

/** What is new between two bundles. Pure: both manifests are known. */
export function planDelta(base: Manifest, target: Manifest): DeltaPlan {
  const known = new Set(base.blobs.map(({ digest }) => digest));
  const kept = new Set(target.blobs.map(({ digest }) => digest));
  const gone = base.blobs.filter(({ digest }) => !kept.has(digest));
  const blobs = target.blobs
    .filter(({ digest }) => !known.has(digest))
    .map((blob) => ({ blob, from: predecessor({ base, target }, blob, gone) }));
  return { blobs, most: blobs.reduce((sum, { blob }) => sum + blob.size, 0) };
}

/** What had the same place: the same file of the medium, else the same role for the same images; nearest in size. */
function predecessor(
  manifests: { base: Manifest; target: Manifest },
  blob: Blob,
  gone: readonly Blob[],
): Blob | null {
  if (blob.size < PATCH_FROM) return null;
  const place = placesOf(manifests.target, blob.digest);
  const candidates = gone.filter(
    (old) =>
      old.role === blob.role && (meets(placesOf(manifests.base, old.digest), place) || related(old, blob)),
  );
  const exact = candidates.filter(({ digest }) => meets(placesOf(manifests.base, digest), place));
  const distance = (old: Blob) => Math.abs(old.size - blob.size);
  const [nearest] = (exact.length > 0 ? exact : candidates).toSorted((a, b) => distance(a) - distance(b));
  return nearest ?? null;
}

/** Paths on the medium that a blob has besides the pool's. */
const placesOf = ({ links }: Manifest, digest: Digest) =>
  Object.entries(links).flatMap(([path, found]) => (found === digest ? [path] : []));

const meets = (one: readonly string[], other: readonly string[]) => one.some((item) => other.includes(item));

/** Whether they serve the same artifact, or images of the same name whatever the tag. */
function related(old: Blob, blob: Blob): boolean {
  if (old.role.startsWith('os-')) return false;
  return meets(old.for.map(untagged), blob.for.map(untagged));
}

const untagged = (name: string) => name.replace(/:[^/:]+$/, '');
