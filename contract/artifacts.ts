import { mediaTypes } from './layout.ts';
import type { BlobRole } from './manifest.ts';

/** One kind of artifact: its type, and what its layers may be. */
export interface ArtifactKind {
  artifactType: string;
  /** Media type → role of the blob. */
  layers: Record<string, BlobRole>;
}

/** Every artifact that a bundle can have beside its images. Whatever else is in one, nobody here can vouch for. */
export const artifactKinds = {
  os: {
    artifactType: mediaTypes.os,
    layers: {
      [mediaTypes.kernel]: 'os-kernel',
      [mediaTypes.initrd]: 'os-initrd',
      [mediaTypes.loader]: 'os-loader',
      [mediaTypes.module]: 'os-module',
    },
  },
  git: { artifactType: mediaTypes.git, layers: { [mediaTypes.gitBundle]: 'git' } },
  'git-sources': { artifactType: mediaTypes.git, layers: { [mediaTypes.gitBundle]: 'git-source' } },
  files: { artifactType: mediaTypes.files, layers: { [mediaTypes.file]: 'file' } },
  lock: { artifactType: mediaTypes.lock, layers: { [mediaTypes.lock]: 'lock' } },
  sbom: { artifactType: mediaTypes.sbom, layers: { [mediaTypes.sbom]: 'sbom' } },
  provenance: { artifactType: mediaTypes.provenance, layers: { [mediaTypes.provenance]: 'provenance' } },
} as const satisfies Record<string, ArtifactKind>;

/** Those that say something about the others. */
const documents: readonly ArtifactName[] = ['lock', 'sbom', 'provenance'];

/** Roles of the blobs that a bundle is for, and a bill of materials describes; images and charts have their own names. */
export const describedRoles: ReadonlySet<BlobRole> = new Set(
  Object.entries(artifactKinds)
    .filter(([name]) => documents.every((other) => other !== name))
    .flatMap(([, { layers }]) => Object.values(layers)),
);

export type ArtifactName = keyof typeof artifactKinds;
