import type { ArtifactName } from '../../contract/artifacts.ts';
import { mediaTypes } from '../../contract/layout.ts';
import { type Blob, type Digest, digestOf } from '../../contract/manifest.ts';
import type { Cache, CachedFile } from '../../host/cache.ts';
import { stableJson } from '../../host/cache.ts';

/** An OCI content descriptor. Source: OCI Image Specification 1.1, descriptor.md. */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}

/** A file that becomes a layer of an artifact. */
export interface ArtifactFile {
  file: CachedFile;
  mediaType: string;
  role: Blob['role'];
  /** File name a person sees (`org.opencontainers.image.title`). */
  title: string;
}

/** Collects the blobs of one bundle, with the reason each is there. Bytes live in the cache's pool. */
export class BlobSet {
  readonly #blobs = new Map<Digest, { file: CachedFile; role: Blob['role']; for: Set<string> }>();
  readonly cache: Cache;

  constructor(cache: Cache) {
    this.cache = cache;
  }

  /** Records that `reason` needs this file as `role`. */
  add(file: CachedFile, role: Blob['role'], reason: string): Digest {
    const digest: Digest = digestOf(file.sha256);
    const known = this.#blobs.get(digest);
    if (known === undefined) this.#blobs.set(digest, { file, role, for: new Set([reason]) });
    else known.for.add(reason);
    return digest;
  }

  /** Writes an OCI artifact manifest over `files`. Source: OCI Image Specification 1.1, manifest.md. */
  async addArtifact(name: ArtifactName, artifactType: string, files: ArtifactFile[]): Promise<Descriptor> {
    const empty = await this.cache.put('{}');
    this.add(empty, 'empty-config', name);
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType,
      config: { mediaType: mediaTypes.emptyConfig, digest: digestOf(empty.sha256), size: empty.size },
      layers: files.map(({ file, mediaType, role, title }) => ({
        mediaType,
        digest: this.add(file, role, name),
        size: file.size,
        annotations: { 'org.opencontainers.image.title': title },
      })),
    };
    const stored = await this.cache.put(stableJson(manifest));
    const digest = this.add(stored, 'artifact-manifest', name);
    return { mediaType: mediaTypes.manifest, artifactType, digest, size: stored.size };
  }

  /** Every blob, by digest. */
  list(): (Blob & { path: string })[] {
    return [...this.#blobs]
      .map(([digest, { file, role, for: reasons }]) => ({
        digest,
        size: file.size,
        role,
        for: [...reasons].toSorted(),
        path: file.path,
      }))
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  }
}
