import type { ArtifactName } from '../../contract/artifacts.ts';
import { bundleFiles, mediaTypes } from '../../contract/layout.ts';
import type { Lock } from '../../contract/lock.ts';
import { type Digest, type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import { type Cache, type CachedFile, stableJson } from '../../host/cache.ts';
import type { Composed } from '../compose/compose.ts';
import type { Parts } from '../fetch/parts.ts';
import { imageComponents } from '../packages/image.ts';
import { addCharts, addFiles, addSignatures, addSources } from './add-published.ts';
import { bundleParts } from './bundle-parts.ts';
import type { PackedRepository } from './git.ts';
import { type SiteKey, signBytes } from './minisign.ts';
import { provenanceStatement } from './provenance.ts';
import { publishedParts } from './published.ts';
import { registryView, type ServedImage } from './registry-view.ts';
import type { Rotations } from './rotate.ts';
import { spdxDocument } from './sbom.ts';
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
  const lock = await cache.put(input.lockText);
  const artifacts = await addArtifacts(blobs, input, lock, { images, charts });
  const layout = await cache.put(stableJson({ imageLayoutVersion: '1.0.0' }));
  const index = await cache.put(stableJson(indexOf([...images, ...charts, ...signatures], artifacts)));
  const beside = new Map([
    [bundleFiles.ociLayout, layout],
    [bundleFiles.index, index],
    ...(await addRotations(cache, input.rotations)),
  ]);
  const manifest = describe(input, { lock, blobs, images, charts, signatures, artifacts }, beside);
  const text = `${stableJson(manifest, 1)}\n`;
  const signed = await cache.put(text);
  const signature = await cache.put(signBytes(Buffer.from(text), input.key, trustedComment(manifest)));
  const files = new Map<string, CachedFile>([
    ...beside,
    [bundleFiles.manifest, signed],
    [bundleFiles.signature, signature],
  ]);
  await addPool(files, cache, blobs, [...images, ...charts, ...signatures]);
  return { manifest, files, links: mediumLinks(input.composed) };
}

async function addRotations(cache: Cache, rotations: Rotations): Promise<[string, CachedFile][]> {
  const added: [string, CachedFile][] = [];
  for (const [name, text] of rotations) added.push([name, await cache.put(text)]);
  return added;
}

interface IndexedImage extends ServedImage {
  descriptor: Descriptor;
}

function addImages(blobs: BlobSet, parts: Pick<Parts, 'images'>): IndexedImage[] {
  const served: IndexedImage[] = [];
  for (const image of parts.images) {
    for (const reference of image.references) {
      if (image.index !== undefined) blobs.add(image.index.file, 'image-index', reference);
      blobs.add(image.manifest.file, 'image-manifest', reference);
      blobs.add(image.config.file, 'image-config', reference);
      for (const layer of image.layers) blobs.add(layer.file, 'image-layer', reference);
      const top = image.index ?? image.manifest;
      const manifest: Digest = `sha256:${image.manifest.file.sha256}`;
      const digest: Digest = `sha256:${top.file.sha256}`;
      const content = [image.config, ...image.layers].map(({ file }): Digest => `sha256:${file.sha256}`);
      const descriptor: Descriptor = {
        mediaType: top.mediaType,
        digest,
        size: top.file.size,
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': reference,
        },
      };
      served.push({ reference, digest, manifest, content, descriptor });
    }
  }
  return served.toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
}

async function addArtifacts(
  blobs: BlobSet,
  input: AssembleInput,
  lockFile: CachedFile,
  { images, charts }: Record<'images' | 'charts', IndexedImage[]>,
) {
  const { composed, repository, site, revision, lock, parts } = input;
  const about = { site: site.name, revision, lockDigest: digestOf(lockFile) };
  const os = composed === null ? {} : { os: await addOs(blobs, composed) };
  const git = await blobs.addArtifact('git', mediaTypes.git, [
    { file: repository.file, mediaType: mediaTypes.gitBundle, role: 'git', title: `${site.name}.bundle` },
  ]);
  const locked = await blobs.addArtifact('lock', mediaTypes.lock, [
    { file: lockFile, mediaType: mediaTypes.lock, role: 'lock', title: `${site.name}.lock.json` },
  ]);
  const sbom = spdxDocument({
    ...about,
    epoch: lock.epoch,
    parts: [
      ...bundleParts(site.name, revision, images, composed, repository),
      ...publishedParts(lock, parts.repositories),
    ],
    components: [...parts.components, ...imageComponents(publishedImages(parts))],
  });
  const described = {
    ...os,
    ...(parts.files.length > 0 && { files: await addFiles(blobs, parts.files) }),
    ...(parts.repositories.length > 0 && { 'git-sources': await addSources(blobs, parts.repositories) }),
    git,
    lock: locked,
    sbom: await addDocument(blobs, 'sbom', mediaTypes.sbom, sbom),
  };
  const subjects = { ...imageDigests([...images, ...charts]), ...digests(described) };
  const statement = provenanceStatement({ ...about, lock, subjects });
  return {
    ...described,
    provenance: await addDocument(blobs, 'provenance', mediaTypes.provenance, statement),
  } satisfies Partial<Record<ArtifactName, Descriptor>>;
}

/** Images that others built, and what their layers say of packages. */
const publishedImages = ({ images }: Pick<Parts, 'images'>) =>
  images.flatMap(({ references, packages }) =>
    packages === undefined ? [] : references.map((reference) => ({ reference, layers: packages })),
  );

async function addOs(blobs: BlobSet, { kernel, initrd, modules }: Composed): Promise<Descriptor> {
  return await blobs.addArtifact('os', mediaTypes.os, [
    { file: kernel, mediaType: mediaTypes.kernel, role: 'os-kernel', title: 'vmlinuz' },
    { file: initrd, mediaType: mediaTypes.initrd, role: 'os-initrd', title: 'initrd.img' },
    ...modules.map(({ name, file }) => ({
      file,
      mediaType: mediaTypes.module,
      role: 'os-module' as const,
      title: `${name}.squashfs`,
    })),
  ]);
}

async function addDocument(blobs: BlobSet, name: 'sbom' | 'provenance', mediaType: string, document: object) {
  const file = await blobs.cache.put(`${JSON.stringify(document, null, 1)}\n`);
  return await blobs.addArtifact(name, mediaType, [{ file, mediaType, role: name, title: `${name}.json` }]);
}

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
  artifacts: Record<string, Descriptor>;
}

function describe(
  { site, revision, sequence, previous, lock, composed, parts }: AssembleInput,
  { lock: lockFile, blobs, images, charts, signatures, artifacts }: Contents,
  beside: Map<string, CachedFile>,
): Manifest {
  const links = [...mediumLinks(composed)].map(([path, file]) => [path, `sha256:${file.sha256}`]);
  return ManifestSchema.parse({
    apiVersion: 'cpiab.dev/v1',
    kind: 'BundleManifest',
    site: site.name,
    sequence,
    revision,
    lock: digestOf(lockFile),
    previous,
    expires: lock.epoch + site.bundle.validDays * 24 * 60 * 60,
    images: imageDigests(images),
    signatures: imageDigests(signatures),
    charts: imageDigests(charts),
    repositories: Object.fromEntries(
      parts.repositories.map(({ url, ref, commit, file }) => [
        `${url}@${ref}`,
        { commit, digest: digestOf(file) },
      ]),
    ),
    downloads: Object.fromEntries(parts.files.map(({ path, file }) => [path, digestOf(file)])),
    artifacts: digests(artifacts),
    links: Object.fromEntries(links),
    files: Object.fromEntries([...beside].map(([name, file]) => [name, digestOf(file)])),
    blobs: blobs.list().map(({ path: _, ...blob }) => blob),
  });
}

async function addPool(files: Map<string, CachedFile>, cache: Cache, blobs: BlobSet, images: IndexedImage[]) {
  const pool = new Map<Digest, CachedFile>();
  for (const { digest, size, path } of blobs.list()) {
    const file = { sha256: digest.slice('sha256:'.length), size, path };
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
    ['live/vmlinuz', composed.kernel],
    ['live/initrd.img', composed.initrd],
    ...composed.modules.map(({ name, file }) => [`live/${name}.squashfs`, file] as const),
  ]);
}

const digestOf = ({ sha256 }: CachedFile): Digest => `sha256:${sha256}`;

const digests = (artifacts: Record<string, Descriptor>) =>
  Object.fromEntries(Object.entries(artifacts).map(([name, { digest }]) => [name, digest]));

const imageDigests = (images: IndexedImage[]) =>
  Object.fromEntries(images.map(({ reference, digest }) => [reference, digest]));

const trustedComment = (manifest: Manifest) =>
  `site=${manifest.site} sequence=${manifest.sequence} revision=${manifest.revision}`;
