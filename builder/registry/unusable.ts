import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { jsonOrNull } from '../../host/json.ts';

/** Configs that container images have; the last one is what Docker pushed before 1.10. */
const CONFIGS = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  'application/octet-stream',
];

const LayerSchema = z.looseObject({
  digest: z.string(),
  mediaType: z.string(),
  urls: z.array(z.string()).optional(),
});
/** As much of a manifest as tells what it is, with nothing refused that may be there. */
const AnySchema = z.looseObject({
  schemaVersion: z.number().optional(),
  artifactType: z.string().optional(),
  config: z.looseObject({ digest: z.string(), mediaType: z.string() }).optional(),
  layers: z.array(LayerSchema).optional(),
  manifests: z.array(z.looseObject({ digest: z.string() })).optional(),
});
type Any = z.infer<typeof AnySchema>;

/**
 * Names what a manifest or index is that this version can't read, where its media type alone says too little.
 * @throws CpiabError E3057 another digest algorithm, E3058 schema 1.
 */
export function rejectUnreadable(content: unknown, mediaType: string, subject: string): void {
  const parsed = AnySchema.safeParse(content);
  if (!parsed.success) return;
  const found = parsed.data;
  // Source: Docker's image manifest version 2, schema 1; its media types end so.
  if (found.schemaVersion === 1 || /distribution\.manifest\.v1\+(?:json|prettyjws)$/.test(mediaType))
    throw new CpiabError('E3058', { subject });
  const other = digestsOf(found).find(
    (digest) => /^[a-z0-9+._-]+:/.test(digest) && !digest.startsWith('sha256:'),
  );
  if (other !== undefined) throw new CpiabError('E3057', { subject, args: [other.split(':', 1).join()] });
}

/** @throws CpiabError E3060 for an artifact, E3059 for an image whose layers are elsewhere. */
export function requireImage(manifest: Buffer, subject: string): void {
  const { config, artifactType, layers = [] } = AnySchema.parse(jsonOrNull(manifest));
  if (config !== undefined && !CONFIGS.includes(config.mediaType))
    throw new CpiabError('E3060', { subject, args: [artifactType ?? config.mediaType] });
  const foreign = layers.find(isForeign);
  if (foreign !== undefined) throw new CpiabError('E3059', { subject, args: [foreign.digest] });
}

function digestsOf({ config, layers = [], manifests = [] }: Any): string[] {
  return [...(config === undefined ? [] : [config]), ...layers, ...manifests].map(({ digest }) => digest);
}

/** Source: OCI Image Specification 1.1, layer.md, non-distributable layers; Docker's foreign ones. */
function isForeign({ mediaType, urls = [] }: z.infer<typeof LayerSchema>): boolean {
  return urls.length > 0 || /nondistributable|foreign/.test(mediaType);
}
