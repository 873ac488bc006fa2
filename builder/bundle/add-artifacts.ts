import type { ArtifactName } from '../../contract/artifacts.ts';
import { mediaTypes } from '../../contract/layout.ts';
import type { Lock } from '../../contract/lock.ts';
import { digestOf } from '../../contract/manifest.ts';
import type { Site } from '../../contract/site.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Composed } from '../compose/compose.ts';
import type { Parts } from '../fetch/parts.ts';
import { loaderParts } from '../image/disk/loader.ts';
import { imageComponents } from '../packages/image.ts';
import { type IndexedImage, imageDigests } from './add-images.ts';
import { addFiles, addSources } from './add-published.ts';
import { bundleParts } from './bundle-parts.ts';
import type { PackedRepository } from './git.ts';
import { provenanceStatement } from './provenance.ts';
import { publishedParts } from './published.ts';
import { spdxDocument } from './sbom.ts';
import type { BlobSet, Descriptor } from './store.ts';

export interface ArtifactsInput {
  site: Pick<Site, 'name'>;
  lock: Lock;
  revision: string;
  parts: Pick<Parts, 'images' | 'files' | 'repositories' | 'components'>;
  /** Null for a site that has no box. */
  composed: Composed | null;
  repository: PackedRepository;
}

/** What is no image: OS, Git, lock, published parts, and last the documents about all of it. */
export async function addArtifacts(
  blobs: BlobSet,
  input: ArtifactsInput,
  lockFile: CachedFile,
  { images, charts }: Record<'images' | 'charts', IndexedImage[]>,
) {
  const { composed, repository, site, revision, lock, parts } = input;
  const about = { site: site.name, revision, lockDigest: digestOf(lockFile.sha256) };
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

async function addOs(blobs: BlobSet, { kernel, initrd, modules, loader }: Composed): Promise<Descriptor> {
  return await blobs.addArtifact('os', mediaTypes.os, [
    { file: kernel, mediaType: mediaTypes.kernel, role: 'os-kernel', title: 'vmlinuz' },
    { file: initrd, mediaType: mediaTypes.initrd, role: 'os-initrd', title: 'initrd.img' },
    ...modules.map(({ name, file }) => ({
      file,
      mediaType: mediaTypes.module,
      role: 'os-module' as const,
      title: `${name}.squashfs`,
    })),
    ...loaderParts.map((name) => ({
      file: loader[name],
      mediaType: mediaTypes.loader,
      role: 'os-loader' as const,
      title: `${name}.img`,
    })),
  ]);
}

async function addDocument(blobs: BlobSet, name: 'sbom' | 'provenance', mediaType: string, document: object) {
  const file = await blobs.cache.put(`${JSON.stringify(document, null, 1)}\n`);
  return await blobs.addArtifact(name, mediaType, [{ file, mediaType, role: name, title: `${name}.json` }]);
}

/** Artifact → its manifest's digest. */
export const digests = (artifacts: Record<string, Descriptor>) =>
  Object.fromEntries(Object.entries(artifacts).map(([name, { digest }]) => [name, digest]));
