import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { assembleBundle } from '../../builder/bundle/assemble.ts';
import { debianComponents } from '../../builder/bundle/debian.ts';
import { siteKeys } from '../../builder/bundle/keys.ts';
import type { Component } from '../../builder/bundle/sbom.ts';
import { writeBundle } from '../../builder/bundle/write.ts';
import type { Composed } from '../../builder/compose/compose.ts';
import type { FetchedChart } from '../../builder/fetch/charts.ts';
import type { FetchedFile } from '../../builder/fetch/files.ts';
import type { BuiltImage } from '../../builder/fetch/parts.ts';
import type { FetchedSource } from '../../builder/fetch/sources.ts';
import { formatLock } from '../../builder/lock/resolve.ts';
import { mediaTypes } from '../../contract/layout.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Digest, Manifest } from '../../contract/manifest.ts';
import { SiteSchema } from '../../contract/site.ts';
import { Cache, stableJson } from '../../host/cache.ts';
import { parsePublicKey } from '../../host/minisign.ts';
import { type TrustedKey, unrotated } from '../../host/rotation.ts';
import { tinyLock } from './tiny-lock.ts';

const { signal } = new AbortController();

export interface TinyBundle {
  /** The bundle's directory. */
  directory: string;
  key: TrustedKey;
  manifest: Manifest;
}

interface Content {
  sequence: number;
  /** For the bill of materials. */
  components?: Component[];
  /** Digest of the manifest that it follows. */
  previous?: Digest;
  /** Instead of a Git bundle. */
  git?: Buffer;
  /** Whether it carries what boots a box; none of it does. */
  bootable?: boolean;
}

/** Writes a signed bundle of a few images below a directory; all of one directory have the same key. */
export async function tinyBundle(
  root: string,
  name: string,
  content: Content & {
    /** Image name → its layers. */
    images: Record<string, Buffer[]>;
    /** Instead of one with which the images agree. */
    lock?: Lock;
  },
): Promise<TinyBundle> {
  const cache = new Cache(join(root, 'cache'));
  const images = await Promise.all(
    Object.entries(content.images).map(([reference, layers]) => tinyImage(cache, reference, layers)),
  );
  const lock = content.lock ?? lockFor(Object.keys(content.images));
  const components = [
    ...debianComponents(lock, () => Object.keys(content.images)),
    ...(content.components ?? []),
  ];
  return await bundleOfImages(root, name, { ...content, lock, images, components });
}

interface Contents extends Omit<Content, 'images'> {
  lock: Lock;
  images: BuiltImage[];
  charts?: FetchedChart[];
  files?: FetchedFile[];
  /** The one that the images were fetched with, so that nothing is hashed again. */
  cache?: Cache;
  repositories?: FetchedSource[];
}

/** Writes a signed bundle of images that lie in the cache of its directory, for the site that the lock names. */
export async function bundleOfImages(
  root: string,
  name: string,
  {
    lock,
    images,
    charts = [],
    files = [],
    repositories = [],
    sequence,
    components = [],
    git,
    bootable = false,
    ...given
  }: Contents,
): Promise<TinyBundle> {
  const cache = given.cache ?? new Cache(join(root, 'cache'));
  const keys = await siteKeys(join(root, 'keys'));
  const bundle = await assembleBundle(cache, {
    site: SiteSchema.parse({ apiVersion: 'cpiab.dev/v1', kind: 'Site', name: lock.site }),
    lock,
    lockText: formatLock(lock),
    revision: String(sequence % 10).repeat(40),
    sequence,
    parts: { images, charts, files, repositories, components },
    composed: bootable ? await tinySystem(cache) : null,
    repository: { file: await cache.put(git ?? 'a git bundle'), cached: false },
    key: keys.site,
    rotations: keys.rotations,
    previous: given.previous ?? null,
  });
  const directory = join(root, name);
  await writeBundle(cache, bundle, directory, signal);
  return { directory, key: unrotated(parsePublicKey(keys.publicKey)), manifest: bundle.manifest };
}

async function tinySystem(cache: Cache): Promise<Composed> {
  const file = async (bytes: number) => await cache.put(randomBytes(bytes));
  return {
    kernel: await file(40_000),
    initrd: await file(30_000),
    modules: [{ name: '10-os', file: await file(500_000) }],
    loader: { boot: await file(440), core: await file(50_000), esp: await file(200_000) },
  };
}

/** A lock of a Debian package that every image has, and of nothing else on the medium. */
export function lockFor(images: string[]): Lock {
  const lock = tinyLock({ site: 'harbour' });
  const sets = images.length === 0 ? {} : { 'image/tiny': ['git'] };
  return { ...lock, debian: { ...lock.debian, sets: { build: ['git', 'xorriso'], ...sets } } };
}

async function tinyImage(cache: Cache, reference: string, layers: Buffer[]): Promise<BuiltImage> {
  const files = await Promise.all(layers.map((layer) => cache.put(layer)));
  const described = (mediaType: string, { sha256, size }: { sha256: string; size: number }) => ({
    mediaType,
    digest: `sha256:${sha256}`,
    size,
  });
  const diffIds = files.map(({ sha256 }) => `sha256:${sha256}`);
  const config = await cache.put(
    stableJson({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
  const manifest = await cache.put(
    stableJson({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: described('application/vnd.oci.image.config.v1+json', config),
      layers: files.map((file) => described('application/vnd.oci.image.layer.v1.tar', file)),
    }),
  );
  return {
    references: [reference],
    manifest: { file: manifest, mediaType: mediaTypes.manifest },
    config: { file: config },
    layers: files.map((file) => ({ file, diffId: `sha256:${file.sha256}`, tar: async () => file })),
  };
}

/** A copy with some bytes in the middle replaced and some put in, as a rebuild does to a layer. */
export function rebuilt(layer: Buffer, changed: number): Buffer {
  const middle = Math.floor(layer.length / 2);
  return Buffer.concat([
    layer.subarray(0, middle),
    randomBytes(changed),
    layer.subarray(middle + Math.floor(changed / 2)),
  ]);
}
