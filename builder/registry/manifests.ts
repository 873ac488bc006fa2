import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, DigestSchema } from '../../contract/manifest.ts';
import { formatReference, type ImageReference } from '../../contract/reference.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { jsonOrNull } from '../../host/json.ts';
import { LARGEST_MANIFEST } from './document.ts';
import type { Registry } from './registry.ts';
import { rejectUnreadable, requireImage } from './unusable.ts';

/** The platform that boxes have. */
export const PLATFORM = { os: 'linux', architecture: 'amd64' };

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const indexTypes = [OCI_INDEX, 'application/vnd.docker.distribution.manifest.list.v2+json'];
const imageTypes = [OCI_IMAGE, 'application/vnd.docker.distribution.manifest.v2+json'];
const ACCEPT = [...indexTypes, ...imageTypes].join(', ');

const DescriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: DigestSchema,
  size: z.int().nonnegative(),
});
/** What a manifest points to. */
export type RemoteDescriptor = z.infer<typeof DescriptorSchema>;

const IndexSchema = z.looseObject({
  manifests: z.array(
    DescriptorSchema.extend({
      platform: z
        .looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
        .optional(),
    }),
  ),
});
const ImageSchema = z.looseObject({ config: DescriptorSchema, layers: z.array(DescriptorSchema) });

/** A manifest or index as the registry has it, to the byte. */
export interface RemoteDocument {
  mediaType: string;
  digest: Digest;
  bytes: Buffer;
}

/** An image for the box's platform. */
export interface RemoteImage {
  /** What the tag or digest names; pods may ask for it by its digest. */
  top: RemoteDocument;
  /** The platform's own manifest; `top` itself when that is no index. */
  manifest: RemoteDocument;
  config: RemoteDescriptor;
  /** Lowest first. */
  layers: RemoteDescriptor[];
}

/**
 * Finds an image: reads the index if there is one, and the manifest of linux/amd64.
 * @param reference with a digest, what comes must match it; else its tag, or `latest`, is asked for.
 * @throws CpiabError E2103 for content that isn't what its digest says, E3015 without our platform, E3017
 *   for what is no image, E3057…E3062 for one that can't be used; what `Registry.get` throws.
 */
export async function resolveImage(registry: Registry, reference: ImageReference): Promise<RemoteImage> {
  const byDigest = async (digest: Digest) => await getManifest(registry, reference, digest);
  return await imageOf(await resolveTop(registry, reference), byDigest, formatReference(reference));
}

/** The image for the box's platform that an index or manifest names. @throws as `resolveImage`. */
export async function imageOf(
  top: RemoteDocument,
  byDigest: (digest: Digest) => Promise<RemoteDocument>,
  subject: string,
): Promise<RemoteImage> {
  const manifest = indexTypes.includes(top.mediaType) ? await byDigest(chosen(top, subject)) : top;
  // Each could lead to another one, without end.
  if (indexTypes.includes(manifest.mediaType)) throw new CpiabError('E3062', { subject });
  const { config, layers } = readImage(manifest, subject);
  requireImage(manifest.bytes, subject);
  return { top, manifest, config, layers };
}

/** What a tag or digest names, whatever it is. @throws as `resolveImage`, but not of what is no image. */
export async function resolveTop(registry: Registry, reference: ImageReference): Promise<RemoteDocument> {
  return await getManifest(registry, reference, reference.digest ?? reference.tag ?? 'latest');
}

/** What a manifest points to. @throws CpiabError E3017 for what is no manifest of an image or artifact. */
export function readImage(manifest: RemoteDocument, subject: string) {
  return read(ImageSchema, manifest, subject);
}

/** Digest of our platform's manifest. */
function chosen(index: RemoteDocument, subject: string): Digest {
  const { manifests } = read(IndexSchema, index, subject);
  const ours = manifests.find(
    ({ platform }) => platform?.os === PLATFORM.os && platform.architecture === PLATFORM.architecture,
  );
  if (ours !== undefined) return ours.digest;
  const has = manifests.flatMap(({ platform }) =>
    platform ? [`${platform.os}/${platform.architecture}`] : [],
  );
  throw new CpiabError('E3015', {
    subject,
    args: [`${PLATFORM.os}/${PLATFORM.architecture}`, has.join(', ') || 'none'],
  });
}

async function getManifest(
  registry: Registry,
  { repository }: ImageReference,
  name: string,
): Promise<RemoteDocument> {
  const subject = `${registry.host}/${repository}@${name}`;
  const answer = await registry.document(repository, `manifests/${name}`, {
    accept: ACCEPT,
    limit: LARGEST_MANIFEST,
  });
  const { bytes } = answer;
  const digest: Digest = digestOfBytes(bytes);
  if (name.startsWith('sha256:') && digest !== name) throw new CpiabError('E2103', { subject });
  return readManifest({ bytes, digest }, subject, answer.headers['content-type'] ?? 'unknown');
}

/**
 * A manifest or index by its bytes, which have been compared with what was asked for.
 * @param header what a registry says of its media type.
 * @throws CpiabError E3017 for what is neither, E3057…E3060 for one of a kind that nobody can use.
 */
export function readManifest(
  { bytes, digest }: Pick<RemoteDocument, 'bytes' | 'digest'>,
  subject: string,
  header?: string | string[],
): RemoteDocument {
  const content = jsonOrNull(bytes);
  const mediaType = typeOf(content, header);
  rejectUnreadable(content, mediaType, subject);
  if (![...indexTypes, ...imageTypes].includes(mediaType))
    throw new CpiabError('E3017', { subject, args: [`media type ${mediaType}`] });
  return { mediaType, digest, bytes };
}

/**
 * What the document says of itself goes before what the registry says of it. OCI's own need not say it, and
 * then have one of two shapes. Source: OCI Image Format Specification 1.1, property mediaType.
 */
function typeOf(content: unknown, header: string | string[] | undefined): string {
  const own = z.looseObject({ mediaType: z.string() }).safeParse(content);
  if (own.success) return own.data.mediaType;
  if (header !== undefined) return String(header).split(';', 1)[0] ?? '';
  if (IndexSchema.safeParse(content).success) return OCI_INDEX;
  return ImageSchema.safeParse(content).success ? OCI_IMAGE : 'unknown';
}

function read<Schema extends z.ZodType>(schema: Schema, { bytes }: RemoteDocument, subject: string) {
  const result = schema.safeParse(jsonOrNull(bytes));
  if (result.success) return result.data;
  throw new CpiabError('E3017', { subject, args: ['its manifest is not one'], cause: result.error });
}
