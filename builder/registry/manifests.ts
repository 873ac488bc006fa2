import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, DigestSchema } from '../../contract/manifest.ts';
import { formatReference, type ImageReference } from '../../contract/reference.ts';
import type { Answer, Registry } from './registry.ts';

/** The platform that boxes have. */
const PLATFORM = { os: 'linux', architecture: 'amd64' };
/** What the specification asks registries to take at least. Source: OCI Distribution Specification 1.1, pushing manifests. */
const LARGEST_MANIFEST = 4 << 20;

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
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
 *   for what is no image; what `Registry.get` throws.
 */
export async function resolveImage(registry: Registry, reference: ImageReference): Promise<RemoteImage> {
  const subject = formatReference(reference);
  const top = await getManifest(registry, reference, reference.digest ?? reference.tag ?? 'latest');
  const manifest = indexTypes.includes(top.mediaType)
    ? await getManifest(registry, reference, chosen(top, subject))
    : top;
  const { config, layers } = readImage(manifest, subject);
  return { top, manifest, config, layers };
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
  const answer = await registry.get(repository, `manifests/${name}`, { accept: ACCEPT });
  const bytes = await capped(answer, subject);
  const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (name.startsWith('sha256:') && digest !== name) throw new CpiabError('E2103', { subject });
  const mediaType = typeOf(answer, bytes);
  if (![...indexTypes, ...imageTypes].includes(mediaType))
    throw new CpiabError('E3017', { subject, args: [`media type ${mediaType}`] });
  return { mediaType, digest, bytes };
}

/** What the document says of itself goes before what the registry says of it. */
function typeOf(answer: Answer, bytes: Buffer): string {
  const own = z.looseObject({ mediaType: z.string() }).safeParse(parsed(bytes));
  if (own.success) return own.data.mediaType;
  return String(answer.headers['content-type'] ?? 'unknown').split(';', 1)[0] ?? '';
}

function read<Schema extends z.ZodType>(schema: Schema, { bytes }: RemoteDocument, subject: string) {
  const result = schema.safeParse(parsed(bytes));
  if (result.success) return result.data;
  throw new CpiabError('E3017', { subject, args: ['its manifest is not one'], cause: result.error });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

async function capped({ body }: Answer, subject: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > LARGEST_MANIFEST)
      throw new CpiabError('E3017', { subject, args: [`a manifest of more than ${LARGEST_MANIFEST} bytes`] });
  }
  return Buffer.concat(chunks);
}
