import { bundleFiles, mediaTypes, medium } from '../../contract/layout.ts';
import type { Lock } from '../../contract/lock.ts';
import { type Digest, digestOf, hexOf, type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { registryView } from '../../contract/registry-view.ts';
import type { Site } from '../../contract/site.ts';
import { stateVersion } from '../../contract/state-version.ts';
import { type Cache, type CachedFile, stableJson } from '../../host/cache.ts';
import type { Composed } from '../compose/compose.ts';
import type { Parts } from '../fetch/parts.ts';
import { loaderParts } from '../image/disk/loader.ts';
import { addArtifacts, digests } from './add-artifacts.ts';
import { addImages, type IndexedImage, imageDigests } from './add-images.ts';
import { addCharts, addSignatures } from './add-published.ts';
import { addReferrers } from './add-referrers.ts';
import type { PackedRepository } from './git.ts';
import { type SiteKey, signBytes } from './minisign.ts';
import type { Rotations } from './rotate.ts';
import { BlobSet, type Descriptor } from './store.ts';

export interface AssembleInput {
  site: Site;
  lock: Lock;
  /** The lock's file; the bundle carries it as it is. */
  lockText: string;
  revision: string;
  sequence: number;
  parts: Pick<Parts, 'images' | 'charts' | 'files' | 'repositories' | 'components'>;
  /** Null for a site that has no box. */
  composed: Composed | null;
  repository: PackedRepository;
  key: SiteKey;
  /** What leads to that key from those before it. */
  rotations: Rotations;
  /** Of the manifest that this one follows; null where none was named. */
  previous: Digest | null;
}

/** A described and signed bundle: where each of its files comes from. */
export interface Bundle {
  manifest: Manifest;
  /** Path below the bundle directory → file to put there. Paths that share a source become hard links. */
  files: Map<string, CachedFile>;
  /** Path on the medium, outside the bundle directory → file. */
  links: Map<string, CachedFile>;
}

/** Describes every part in one OCI image layout, signs the manifest. Nothing is copied yet. */
export async function assembleBundle(cache: Cache, input: AssembleInput): Promise<Bundle> {
  const blobs = new BlobSet(cache);
  const images = addImages(blobs, input.parts);
  const charts = addCharts(blobs, input.parts.charts);
  const signatures = addSignatures(blobs, input.parts.images);
  const referrers = await addReferrers(blobs, input.parts.images);
  const lock = await cache.put(input.lockText);
  const artifacts = await addArtifacts(blobs, input, lock, { images, charts });
  const layout = await cache.put(stableJson({ imageLayoutVersion: '1.0.0' }));
  const served = [...images, ...charts, ...signatures];
  const index = await cache.put(stableJson(indexOf([...served, ...onePerReference(referrers)], artifacts)));
  const beside = new Map([
    [bundleFiles.ociLayout, layout],
    [bundleFiles.index, index],
    ...(await addRotations(cache, input.rotations)),
  ]);
  const manifest = describe(input, { lock, blobs, images, charts, signatures, referrers, artifacts }, beside);
  const text = `${stableJson(manifest, 1)}\n`;
  const signed = await cache.put(text);
  const signature = await cache.put(signBytes(Buffer.from(text), input.key, trustedComment(manifest)));
  const files = new Map<string, CachedFile>([
    ...beside,
    [bundleFiles.manifest, signed],
    [bundleFiles.signature, signature],
  ]);
  await addPool(files, cache, blobs, [...served, ...referrers]);
  return { manifest, files, links: mediumLinks(input.composed) };
}

async function addRotations(cache: Cache, rotations: Rotations): Promise<[string, CachedFile][]> {
  const added: [string, CachedFile][] = [];
  for (const [name, text] of rotations) added.push([name, await cache.put(text)]);
  return added;
}

/** Of all that refers to one manifest the first: they share their index. */
const onePerReference = (referrers: IndexedImage[]) =>
  referrers.filter(({ reference }, at) => reference !== referrers[at - 1]?.reference);

/** The layout's entry point. Source: OCI Image Layout Specification 1.1, index.json. */
function indexOf(images: IndexedImage[], artifacts: Record<string, Descriptor>) {
  const named = Object.entries(artifacts).map(([name, descriptor]) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': `cpiab.dev/artifact/${name}` },
  }));
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [...images.map(({ descriptor }) => descriptor), ...named],
  };
}

interface Contents {
  lock: CachedFile;
  blobs: BlobSet;
  images: IndexedImage[];
  charts: IndexedImage[];
  signatures: IndexedImage[];
  referrers: IndexedImage[];
  artifacts: Record<string, Descriptor>;
}

function describe(
  { site, revision, sequence, previous, lock, composed, parts }: AssembleInput,
  { lock: lockFile, blobs, images, charts, signatures, referrers, artifacts }: Contents,
  beside: Map<string, CachedFile>,
): Manifest {
  const links = [...mediumLinks(composed)].map(([path, file]) => [path, digestOf(file.sha256)]);
  return ManifestSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'BundleManifest',
    site: site.name,
    sequence,
    revision,
    lock: digestOf(lockFile.sha256),
    previous,
    expires: lock.epoch + site.bundle.validDays * 24 * 60 * 60,
    state: stateVersion,
    images: imageDigests(images),
    signatures: imageDigests(signatures),
    referrers: imageDigests(referrers),
    charts: imageDigests(charts),
    repositories: Object.fromEntries(
      parts.repositories.map(({ url, ref, commit, file }) => [
        `${url}@${ref}`,
        { commit, digest: digestOf(file.sha256) },
      ]),
    ),
    downloads: Object.fromEntries(parts.files.map(({ path, file }) => [path, digestOf(file.sha256)])),
    artifacts: digests(artifacts),
    links: Object.fromEntries(links),
    files: Object.fromEntries([...beside].map(([name, file]) => [name, digestOf(file.sha256)])),
    blobs: blobs.list().map(({ path: _, ...blob }) => blob),
  });
}

async function addPool(files: Map<string, CachedFile>, cache: Cache, blobs: BlobSet, images: IndexedImage[]) {
  const pool = new Map<Digest, CachedFile>();
  for (const { digest, size, path } of blobs.list()) {
    const file = { sha256: hexOf(digest), size, path };
    pool.set(digest, file);
    files.set(`${bundleFiles.blobs}/${file.sha256}`, file);
  }
  const view = registryView(images);
  for (const [path, digest] of view.links) files.set(path, await cache.put(digest));
  for (const [path, digest] of view.blobs) {
    const file = pool.get(digest);
    if (file !== undefined) files.set(path, file);
  }
}

function mediumLinks(composed: Composed | null): Map<string, CachedFile> {
  if (composed === null) return new Map();
  return new Map([
    [medium.kernel, composed.kernel],
    [medium.initrd, composed.initrd],
    ...composed.modules.map(({ name, file }) => [medium.module(name), file] as const),
    ...loaderParts.map((name) => [medium.loader[name], composed.loader[name]] as const),
  ]);
}

const trustedComment = (manifest: Manifest) =>
  `site=${manifest.site} sequence=${manifest.sequence} revision=${manifest.revision}`;
