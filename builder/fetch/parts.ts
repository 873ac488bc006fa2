import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import type { Component } from '../bundle/sbom.ts';
import type { LayerPackages } from '../packages/scan.ts';
import type { ImageSignatures } from '../registry/signatures.ts';
import type { FetchedChart } from './charts.ts';
import type { FetchedFile } from './files.ts';
import type { FetchedReferrer } from './referrers.ts';
import type { FetchedSource } from './sources.ts';

/** A container image, built from its recipe or published by others. */
export interface BuiltImage {
  /** Full references with tag. */
  references: string[];
  /** What the references name, where that is an index of many platforms and not the manifest itself. */
  index?: { file: CachedFile; mediaType: string };
  manifest: { file: CachedFile; mediaType: string };
  config: { file: CachedFile };
  /** Of an image that others signed, with the reference that a registry serves them by. */
  signatures?: ImageSignatures & { reference: string };
  /** Signatures, bills of materials and attestations that refer to it. */
  referrers?: FetchedReferrer[];
  /** What is installed in each layer, lowest first; of images that others built. */
  packages?: LayerPackages[];
  /** Lowest first. `tar` gives the uncompressed layer, which only a box needs; `file` is the blob a registry serves. */
  layers: { file: CachedFile; diffId: Digest; tar: () => Promise<CachedFile> }[];
}

/** Everything a bundle is made of, each part from the lock. */
export interface Parts {
  /** The build root that shapes artifacts. */
  sandbox: Sandbox;
  images: BuiltImage[];
  charts: FetchedChart[];
  files: FetchedFile[];
  repositories: FetchedSource[];
  /** What the box itself runs; null for a site that has none. */
  box: BoxParts | null;
  /** For the SBOM: packages of Debian, Go and npm that the parts are made of. */
  components: Component[];
  lock: Lock;
}

/** The parts of a box besides its images. */
export interface BoxParts {
  /** Compiled programs by output name. */
  programs: Record<string, CachedFile>;
  /** Which of them the box runs outside containers. */
  hostPrograms: string[];
  node: CachedFile;
  agent: CachedFile;
  /** Flux's custom resource definitions, one YAML stream. */
  crds: CachedFile;
  os: { module: CachedFile; kernel: CachedFile; initrd: CachedFile };
}
