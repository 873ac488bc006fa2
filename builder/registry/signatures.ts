import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { mediaTypes } from '../../contract/layout.ts';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import { formatReference, type ImageReference, signatureTag } from '../../contract/reference.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import { jsonOrNull } from '../../host/json.ts';
import { type BlobContext, fetchBlob } from './blob.ts';
import { LARGEST_MANIFEST } from './document.ts';
import { type RemoteDescriptor, type RemoteDocument, readImage, resolveTop } from './manifests.ts';
import type { Registry } from './registry.ts';
import type { SignatureKey } from './signature-keys.ts';
import { type Judgement, judge } from './signed-payload.ts';

/** Source: sigstore/cosign, SIGNATURE_SPEC, "Properties". */
const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json';
const ANNOTATION = 'dev.cosignproject.cosign/signature';

/** An image whose signatures are wanted. */
export interface SignedImage {
  reference: ImageReference;
  /** What its tag names. */
  digest: Digest;
}

/** Where signatures come from: a registry, or what a build has instead. */
export interface SignatureSource {
  /** @throws CpiabError E3014 when it is not there. */
  manifest(): Promise<RemoteDocument>;
  blob(blob: RemoteDescriptor): Promise<CachedFile>;
}

/** A registry as such a source. */
export function registrySource(
  registry: Registry,
  { reference: { host, repository }, digest }: SignedImage,
  context: BlobContext,
): SignatureSource {
  return {
    manifest: async () => await resolveTop(registry, { host, repository, tag: signatureTag(digest) }),
    blob: async ({ digest: wanted, size }) =>
      await fetchBlob(registry, { repository, sha256: hexOf(wanted), size }, context),
  };
}

/** Signatures of one image, as their registry has them. One of them is by a key that was given. */
export interface ImageSignatures {
  manifest: { file: CachedFile; mediaType: string };
  config: CachedFile;
  payloads: CachedFile[];
}

const AnnotatedSchema = z.looseObject({
  layers: z.array(z.looseObject({ annotations: z.record(z.string(), z.string()).optional() })),
});

/**
 * Brings an image's signatures into the cache. They may be of many; one by one of the keys is enough.
 * Certificates and log entries that cosign puts beside them are carried, but not looked at.
 * @throws CpiabError E2140 without any, E2141 when none is by the keys, E2142 when it is for another image, E2143
 *   for what is no signature; E2103, and what `Registry.get` throws.
 */
export async function fetchSignatures(
  source: SignatureSource,
  image: SignedImage,
  keys: readonly SignatureKey[],
  cache: Cache,
): Promise<ImageSignatures> {
  const subject = formatReference(image.reference);
  const tag = signatureTag(image.digest);
  const top = await findManifest(source, image, keys);
  const { config, layers } = readSignatureManifest(top, subject, tag);
  const payloads: CachedFile[] = [];
  const judged: Judgement[] = [];
  for (const { signature, ...layer } of layers) {
    const file = await source.blob(layer);
    payloads.push(file);
    judged.push(judge({ payload: await readPayload(file, cache), signature }, image.digest, keys));
  }
  requireGood(judged, { subject, tag, digest: image.digest, keys });
  const manifest = { file: await cache.put(top.bytes), mediaType: top.mediaType };
  return { manifest, config: await source.blob(config), payloads };
}

/** The bytes that are judged are those of the layer's digest. @throws CpiabError E3010. */
async function readPayload(file: CachedFile, cache: Cache): Promise<Buffer> {
  const payload = await readFile(file.path);
  const sha256 = createHash('sha256').update(payload).digest('hex');
  return sha256 === file.sha256 ? payload : await cache.discard(file);
}

async function findManifest(
  source: SignatureSource,
  { reference, digest }: SignedImage,
  keys: readonly SignatureKey[],
): Promise<RemoteDocument> {
  return await source.manifest().catch((cause: unknown) => {
    if (!(cause instanceof CpiabError) || cause.code !== 'E3014') throw cause;
    const args: [string, string] = [signatureTag(digest), namesOf(keys)];
    throw new CpiabError('E2140', { subject: formatReference(reference), args, cause });
  });
}

function readSignatureManifest(top: RemoteDocument, subject: string, tag: string) {
  const refuse = (what: string) => new CpiabError('E2143', { subject, args: [tag, what] });
  if (top.mediaType !== mediaTypes.manifest) throw refuse(`media type ${top.mediaType}`);
  const { config, layers } = readImage(top, subject);
  const other = layers.find(({ mediaType }) => mediaType !== PAYLOAD);
  if (other !== undefined) throw refuse(`a layer of type ${other.mediaType}`);
  // A payload has some hundred bytes: what is larger was not made by a signer.
  if ([config, ...layers].reduce((sum, { size }) => sum + size, 0) > LARGEST_MANIFEST)
    throw refuse(`more than ${LARGEST_MANIFEST} bytes`);
  const annotated = AnnotatedSchema.safeParse(jsonOrNull(top.bytes)).data?.layers ?? [];
  const signed = layers.map(({ digest, size, mediaType }, index) => {
    const signature = annotated[index]?.annotations?.[ANNOTATION];
    if (signature === undefined) throw refuse(`a layer without annotation ${ANNOTATION}`);
    return { digest, size, mediaType, signature };
  });
  return { config, layers: signed };
}

interface About {
  subject: string;
  tag: string;
  digest: Digest;
  keys: readonly SignatureKey[];
}

/** One good signature is enough; without one, what is told is the most that is known. */
function requireGood(judged: readonly Judgement[], { subject, tag, digest, keys }: About): void {
  if (judged.some(({ kind }) => kind === 'good')) return;
  const other = judged.find((found) => found.kind === 'other');
  if (other === undefined) throw new CpiabError('E2141', { subject, args: [tag, namesOf(keys)] });
  if (other.digest !== null)
    throw new CpiabError('E2142', { subject, args: [other.key, other.digest, digest] });
  const what = `what ${other.key} signed is not the payload of an image's signature`;
  throw new CpiabError('E2143', { subject, args: [tag, what] });
}

const namesOf = (keys: readonly SignatureKey[]) => keys.map(({ path }) => path).join(' or ');
