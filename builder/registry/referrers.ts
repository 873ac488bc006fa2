import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { mediaTypes } from '../../contract/layout.ts';
import { type Digest, DigestSchema } from '../../contract/manifest.ts';
import { formatReference, type ImageReference, referrersTag } from '../../contract/reference.ts';
import { jsonOrNull } from '../../host/json.ts';
import { LARGEST_MANIFEST } from './document.ts';
import { type RemoteDescriptor, type RemoteDocument, readImage } from './manifests.ts';
import { nextQuery } from './next-page.ts';
import type { Registry } from './registry.ts';

/**
 * What is carried with an image: signatures, bills of materials and attestations. Other things that refer to
 * images, such as indexes for lazy pulling, are of no use on a box and may be as large as the image.
 */
const carriedTypes: readonly RegExp[] = [
  /^application\/vnd\.dev\.cosign\.artifact\./,
  /^application\/vnd\.dev\.sigstore\.bundle\./,
  /^application\/vnd\.cncf\.notary\.signature$/,
  /^(?:application\/spdx\+json|text\/spdx)$/,
  /^application\/vnd\.cyclonedx\+(?:json|xml)$/,
  /^application\/vnd\.syft\+json$/,
  /^application\/vnd\.in-toto(?:\..*)?\+(?:json|dsse)$/,
  /^application\/vnd\.dsse\.envelope\.v1\+json$/,
];

/** Pages of a list; a thousand referrers or more are on them. */
const MOST_PAGES = 20;

const DescriptorSchema = z.looseObject({ digest: DigestSchema, artifactType: z.string().optional() });
const IndexSchema = z.looseObject({ manifests: z.array(DescriptorSchema) });
type Listed = z.infer<typeof DescriptorSchema>;

const ReferrerSchema = z.looseObject({
  artifactType: z.string().optional(),
  config: z.looseObject({ mediaType: z.string() }),
  subject: z.looseObject({ digest: DigestSchema }),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** A manifest that says of itself that it is about another one. */
export interface Referrer {
  manifest: RemoteDocument;
  /** What it is about. */
  subject: Digest;
  artifactType: string;
  annotations: Record<string, string>;
  config: RemoteDescriptor;
  layers: RemoteDescriptor[];
}

/**
 * Digests of the signatures, bills of materials and attestations that refer to a manifest, sorted. A registry
 * without the API for it has them in an index at a tag. A mirror that answers is believed: without the registry
 * behind it nothing could be locked else. Source: OCI Distribution Specification 1.1, listing
 * referrers; "Unavailable Referrers API".
 * @throws CpiabError E3017 for a list that is none, or has no end; what `Registry.get` throws.
 */
export async function listReferrers(
  registry: Registry,
  { repository }: Pick<ImageReference, 'repository'>,
  subject: Digest,
): Promise<Digest[]> {
  const listed =
    (await listByApi(registry, repository, subject)) ?? (await listByTag(registry, repository, subject));
  const wanted = listed.filter(({ artifactType }) => artifactType === undefined || isCarried(artifactType));
  return [...new Set(wanted.map(({ digest }) => digest))].toSorted();
}

const isCarried = (type: string) => carriedTypes.some((pattern) => pattern.test(type));

/** What registries say that do not know the API: not found, as they should, or not allowed, or not that way. */
const unknownApi = ['E3014', 'E3012', 'E3017'];

async function listByApi(registry: Registry, repository: string, subject: Digest): Promise<Listed[] | null> {
  const all: Listed[] = [];
  let query: string | undefined = '';
  for (let read = 0; query !== undefined; read++) {
    if (read === MOST_PAGES) throw notAList(registry, repository, `more than ${MOST_PAGES} pages`);
    const path: string = `referrers/${subject}${query === '' ? '' : `?${query}`}`;
    const page: Page | null = await readList(registry, repository, path, read === 0 ? unknownApi : []);
    if (page === null) return null;
    all.push(...page.manifests);
    query = page.next;
  }
  return all;
}

async function listByTag(registry: Registry, repository: string, subject: Digest): Promise<Listed[]> {
  const path = `manifests/${referrersTag(subject)}`;
  return (await readList(registry, repository, path, ['E3014']))?.manifests ?? [];
}

interface Page {
  manifests: Listed[];
  next: string | undefined;
}

/** Null when the registry refuses with one of the codes. */
async function readList(
  registry: Registry,
  repository: string,
  path: string,
  codes: readonly string[],
): Promise<Page | null> {
  const asked = { accept: mediaTypes.index, limit: LARGEST_MANIFEST, decisive: codes };
  const answer = await registry.document(repository, path, asked).catch((error: unknown) => {
    if (error instanceof CpiabError && codes.includes(error.code)) return null;
    throw error;
  });
  if (answer === null) return null;
  const { bytes, headers } = answer;
  const index = IndexSchema.safeParse(jsonOrNull(bytes));
  if (!index.success) throw notAList(registry, repository, 'its list of referrers is not one');
  return { manifests: index.data.manifests, next: nextQuery(headers.link) };
}

const notAList = ({ host }: Registry, repository: string, what: string) =>
  new CpiabError('E3017', { subject: `${host}/${repository}`, args: [what] });

/**
 * Reads what refers to an image; null for what is not carried, or is about nothing of it: whoever may write the
 * tag may list anything.
 * @param subjects digests that it may be about. @throws CpiabError E3017 for what is no manifest.
 */
export function readReferrer(
  manifest: RemoteDocument,
  reference: ImageReference,
  subjects: readonly Digest[],
): Referrer | null {
  const own = ReferrerSchema.safeParse(jsonOrNull(manifest.bytes));
  if (manifest.mediaType !== mediaTypes.manifest || !own.success) return null;
  const { subject, config: named, annotations = {} } = own.data;
  const artifactType = own.data.artifactType ?? named.mediaType;
  if (!isCarried(artifactType) || !subjects.includes(subject.digest)) return null;
  const { config, layers } = readImage(manifest, formatReference({ ...reference, digest: manifest.digest }));
  return { manifest, subject: subject.digest, artifactType, annotations, config, layers };
}
