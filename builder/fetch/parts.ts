import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import type { CachedFile } from '../../host/cache.ts';
import type { Sandbox } from '../../host/sandbox.ts';
import type { Component } from '../bundle/sbom.ts';

/** A container image built from its recipe. */
export interface BuiltImage {
  /** Full references with tag. */
  references: string[];
  manifest: { file: CachedFile; mediaType: string };
  config: { file: CachedFile };
  /** Lowest first. `tar` is the uncompressed layer, `file` the blob a registry serves. */
  layers: { file: CachedFile; diffId: Digest; tar: CachedFile }[];
}

/** Everything a bundle is made of, each part from the lock. */
export interface Parts {
  /** The build root that shapes artifacts. */
  sandbox: Sandbox;
  /** Compiled programs by output name. */
  programs: Record<string, CachedFile>;
  /** Which of them the box runs outside containers. */
  hostPrograms: string[];
  node: CachedFile;
  agent: CachedFile;
  /** Flux's custom resource definitions, one YAML stream. */
  crds: CachedFile;
  os: { module: CachedFile; kernel: CachedFile; initrd: CachedFile };
  images: BuiltImage[];
  /** Go and npm components for the SBOM. */
  components: Component[];
  lock: Lock;
}
