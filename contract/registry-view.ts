import { bundleFiles } from './layout.ts';
import { type Digest, hexOf } from './manifest.ts';
import { referrersTag, signatureTag } from './reference.ts';

/** One image as the registry serves it. */
export interface ServedImage {
  /** Full reference with its host, e.g. `registry.k8s.io/pause:3.10`. */
  reference: string;
  /** What the tag names: the manifest, or an index that names it. */
  digest: Digest;
  manifest: Digest;
  /** Digests of the config and of every layer. */
  content: Digest[];
}

export interface RegistryView {
  /** Link file path (relative to the bundle) → the digest it holds. */
  links: Map<string, Digest>;
  /** Path of a blob in the view → the blob it is a hard link of. */
  blobs: Map<string, Digest>;
}

/**
 * The storage tree of CNCF distribution (v3, filesystem driver) for images that are already in
 * the pool: link files, and hard links to blobs. A read-only registry serves it as it lies.
 * Source: distribution's registry/storage/paths.go documents the layout.
 */
export function registryView(images: ServedImage[]): RegistryView {
  const links = new Map<string, Digest>();
  const blobs = new Map<string, Digest>();
  for (const image of images) {
    const { repository, tag } = splitReference(image.reference);
    const root = `${bundleFiles.registry}/repositories/${repository}`;
    for (const digest of [image.digest, image.manifest])
      links.set(`${root}/_manifests/revisions/${path(digest)}/link`, digest);
    links.set(`${root}/_manifests/tags/${tag}/current/link`, image.digest);
    links.set(`${root}/_manifests/tags/${tag}/index/${path(image.digest)}/link`, image.digest);
    for (const digest of image.content) links.set(`${root}/_layers/${path(digest)}/link`, digest);
    for (const digest of [image.digest, image.manifest, ...image.content])
      blobs.set(blobPath(digest), digest);
  }
  return { links, blobs };
}

/** Where the signatures of an image are served: beside it. */
export const signaturesReference = (reference: string, digest: Digest) =>
  `${splitReference(reference).repository}:${signatureTag(digest)}`;

/** Where what refers to a manifest of an image is listed: beside it. */
export const referrersReference = (reference: string, subject: Digest) =>
  `${splitReference(reference).repository}:${referrersTag(subject)}`;

/** Splits `host/path:tag`. @throws Error when there is no tag. */
export function splitReference(reference: string): { repository: string; tag: string } {
  const match = /^(?<repository>[^@]+):(?<tag>[\w][\w.-]{0,127})$/.exec(reference);
  const { repository, tag } = match?.groups ?? {};
  if (repository === undefined || tag === undefined)
    throw new Error(`image reference without a tag: ${reference}`);
  return { repository, tag };
}

const path = (digest: Digest) => digest.replace(':', '/');
const blobPath = (digest: Digest) =>
  `${bundleFiles.registry}/blobs/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}/data`;
