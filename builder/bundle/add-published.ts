import { mediaTypes } from '../../contract/layout.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { ServedImage } from '../../contract/registry-view.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { FetchedChart } from '../fetch/charts.ts';
import type { FetchedFile } from '../fetch/files.ts';
import type { BuiltImage } from '../fetch/parts.ts';
import type { FetchedSource } from '../fetch/sources.ts';
import type { BlobSet, Descriptor } from './store.ts';

/** Adds charts as their registries have them; the box's registry serves them beside the images. */
export function addCharts(
  blobs: BlobSet,
  charts: readonly FetchedChart[],
): (ServedImage & { descriptor: Descriptor })[] {
  return charts.map(({ reference, manifest, config, layers }) => {
    const digest = blobs.add(manifest.file, 'chart-manifest', reference);
    const content: Digest[] = [
      blobs.add(config, 'chart-config', reference),
      ...layers.map((layer) => blobs.add(layer, 'chart-layer', reference)),
    ];
    const annotations = { 'org.opencontainers.image.ref.name': reference };
    const descriptor = { mediaType: manifest.mediaType, digest, size: manifest.file.size, annotations };
    return { reference, digest, manifest: digest, content, descriptor };
  });
}

/** Signatures of images, each manifest once: two tags may name one image. */
export function addSignatures(
  blobs: BlobSet,
  images: readonly BuiltImage[],
): (ServedImage & { descriptor: Descriptor })[] {
  const all = images.flatMap(({ signatures = [] }) => signatures);
  const byReference = new Map(all.map((found) => [found.reference, found]));
  return [...byReference.values()].map(({ reference, manifest, config, payloads }) => {
    const add = (file: CachedFile) => blobs.add(file, 'image-signature', reference);
    const digest = add(manifest.file);
    const annotations = { 'org.opencontainers.image.ref.name': reference };
    const descriptor = { mediaType: manifest.mediaType, digest, size: manifest.file.size, annotations };
    return { reference, digest, manifest: digest, content: [config, ...payloads].map(add), descriptor };
  });
}

/** Published files, each under the name that the bundle set gives it. */
export async function addFiles(blobs: BlobSet, files: readonly FetchedFile[]): Promise<Descriptor> {
  return await blobs.addArtifact(
    'files',
    mediaTypes.files,
    files.map(({ path, file }) => ({ file, mediaType: mediaTypes.file, role: 'file', title: path })),
  );
}

/** Published repositories, each a git bundle with its address in the title. */
export async function addSources(
  blobs: BlobSet,
  repositories: readonly FetchedSource[],
): Promise<Descriptor> {
  return await blobs.addArtifact(
    'git-sources',
    mediaTypes.git,
    repositories.map(({ url, ref, file }) => ({
      file,
      mediaType: mediaTypes.gitBundle,
      role: 'git-source',
      title: `${url.replace(/^[a-z]+:\/\/(?:[^@/]*@)?|(?:\.git)?\/*$/g, '')}@${ref}.bundle`,
    })),
  );
}
