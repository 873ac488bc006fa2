import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Digest } from '../../../contract/manifest.ts';
import { registryView } from '../../../contract/registry-view.ts';

const types = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const;

export interface StoredImage {
  /** What the tag names. */
  digest: Digest;
  /** Manifest of each platform. */
  manifests: Digest[];
  layers: Digest[];
}

interface ImageRequest {
  /** Platforms such as `linux/amd64`: more than one, or `index`, give an index. */
  platforms?: string[];
  index?: boolean;
  format?: keyof typeof types;
  /** Layers of these many random bytes, or given ones; all platforms have the same. */
  layers?: (number | Buffer)[];
  /** Compress the layers. */
  gzip?: boolean;
  /** What the config says of how it is run, and its labels. */
  config?: { Labels?: Record<string, string>; Entrypoint?: string[]; Env?: string[] };
  /** Let the config tell of other layers than there are. */
  wrongDiffIds?: boolean;
}

interface Part {
  mediaType: string;
  annotations?: Record<string, string>;
  bytes: Buffer;
}

interface Artifact {
  config: Part;
  layers: Part[];
  artifactType?: string;
  annotations?: Record<string, string>;
  /** What it refers to. */
  subject?: { digest: Digest };
}

/** Writes images into a storage directory of CNCF distribution, with no registry running or pushed to. */
export class RegistryStorage {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async put(
    name: string,
    { platforms = ['linux/amd64'], index, format = 'oci', ...asked }: ImageRequest = {},
  ) {
    const type = types[format];
    const parts = layersOf(asked);
    const layerType = asked.gzip ? type.gzip : type.layer;
    const blobs = new Map(parts.map((part) => [part.digest, part.bytes]));
    const manifests = platforms.map((platform) => {
      const [os = '', architecture = ''] = platform.split('/');
      const config = blob({
        os,
        architecture,
        config: asked.config ?? {},
        rootfs: { type: 'layers', diff_ids: parts.map((part) => part.diffId) },
      });
      const manifest = blob({
        schemaVersion: 2,
        mediaType: type.manifest,
        config: described(type.config, config),
        layers: parts.map((part) => described(layerType, part)),
      });
      for (const { digest, bytes } of [config, manifest]) blobs.set(digest, bytes);
      return { ...described(type.manifest, manifest), platform: { os, architecture } };
    });
    const top =
      index || platforms.length > 1
        ? blob({ schemaVersion: 2, mediaType: type.index, manifests })
        : undefined;
    if (top !== undefined) blobs.set(top.digest, top.bytes);
    const digest = top?.digest ?? (manifests[0]?.digest as Digest);
    for (const manifest of new Set([digest, ...manifests.map((one) => one.digest)])) {
      const tag = manifest === digest ? name : name.replace(/:.*/, `:by-${manifest.slice(-6)}`);
      await this.#write(
        registryView([{ reference: tag, digest: manifest, manifest, content: [...blobs.keys()] }]),
        blobs,
      );
    }
    return {
      digest,
      manifests: manifests.map((one) => one.digest),
      layers: parts.map((part) => part.digest),
    } satisfies StoredImage;
  }

  /** An artifact of any kind, such as a Helm chart. @returns digest of its manifest. */
  async putArtifact(name: string, { config, layers, ...about }: Artifact): Promise<Digest> {
    const parts = [config, ...layers].map(({ bytes, ...rest }) => ({ ...rest, ...blob(bytes) }));
    const [first, ...rest] = parts.map(({ annotations, ...part }) => ({
      ...described(part.mediaType, part),
      ...(annotations && { annotations }),
    }));
    const mediaType = types.oci.manifest;
    const manifest = blob({ schemaVersion: 2, mediaType, config: first, layers: rest, ...about });
    const content = parts.map(({ digest }) => digest);
    const blobs = new Map([manifest, ...parts].map(({ digest, bytes }) => [digest, bytes]));
    const { digest } = manifest;
    await this.#write(registryView([{ reference: name, digest, manifest: digest, content }]), blobs);
    return digest;
  }

  /** An index of manifests that are there, such as the list of what refers to an image. @returns its digest. */
  async putIndex(name: string, manifests: { digest: Digest }[]): Promise<Digest> {
    const { index: mediaType, manifest: type } = types.oci;
    const described = manifests.map((one) => ({ mediaType: type, size: 1, ...one }));
    const top = blob({ schemaVersion: 2, mediaType, manifests: described });
    const { digest } = top;
    const view = registryView([{ reference: name, digest, manifest: digest, content: [] }]);
    await this.#write(view, new Map([[digest, top.bytes]]));
    return digest;
  }

  /** A Helm chart as `helm push` stores it. */
  async putChart(name: string, archive: Buffer): Promise<Digest> {
    return await this.putArtifact(name, {
      config: {
        mediaType: 'application/vnd.cncf.helm.config.v1+json',
        bytes: Buffer.from(JSON.stringify({ name })),
      },
      layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', bytes: archive }],
    });
  }

  async #write(
    { links, blobs }: ReturnType<typeof registryView>,
    content: Map<Digest, Buffer>,
  ): Promise<void> {
    const put = async (path: string, bytes: Buffer | string) => {
      const target = join(this.directory, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, bytes);
    };
    for (const [path, digest] of links) await put(path, digest);
    for (const [path, digest] of blobs) await put(path, content.get(digest) ?? Buffer.of());
  }
}

function layersOf({ layers = [1000], gzip, wrongDiffIds }: ImageRequest) {
  return layers.map((layer) => {
    const bytes = typeof layer === 'number' ? randomBytes(layer) : layer;
    const diffId = blob(wrongDiffIds ? Buffer.of() : bytes).digest;
    return { ...blob(gzip ? gzipSync(bytes) : bytes), diffId };
  });
}

function blob(value: object | Buffer): { digest: Digest; bytes: Buffer } {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}

const described = (mediaType: string, { digest, bytes }: ReturnType<typeof blob>) => ({
  mediaType,
  digest,
  size: bytes.length,
});

/** A layer of one file of random bytes. */
export async function tarLayer(size: number): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'file' }, randomBytes(size));
  archive.finalize();
  return await buffer(archive);
}
