import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { type Digest, type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { formatSignature, type PublicKey, parseSignature, verifyHash } from '../../host/minisign.ts';
import { type RegistryView, registryView } from '../bundle/registry-view.ts';
import { damaged, readBlob } from './blob.ts';
import type { Medium, OpenBundle } from './medium.ts';

export interface Verification {
  kind: Medium['kind'];
  path: string;
  manifest: Manifest;
  /** Identifier of the key that signed it. */
  key: string;
  /** How many files were hashed, and their bytes. */
  files: number;
  bytes: number;
}

export interface VerifyOptions {
  /** Takes each damage and lets the check go on; unless told, the first one is thrown. */
  onDamage?: (error: CpiabError) => void;
}

/**
 * Checks a medium against the key, default deny: the manifest's signature first, then that every file
 * of the bundle is listed and has its digest, that none is missing, and last the seal over all bytes.
 * @throws CpiabError E21xx naming the blob or file.
 */
export async function verifyMedium(
  medium: Medium,
  key: PublicKey,
  signal: AbortSignal,
  { onDamage = fail }: VerifyOptions = {},
): Promise<Verification> {
  const manifest = await readManifest(medium, key);
  const expected = await expectedFiles({ medium, manifest });
  const counted = await checkFiles({ medium, manifest, expected, onDamage }, signal);
  await checkSeal(medium, key, signal).catch((error: unknown) => {
    if (!(error instanceof CpiabError)) throw error;
    onDamage(error);
  });
  return { kind: medium.kind, path: medium.path, manifest, key: key.name, ...counted };
}

/** The manifest, once its signature has verified. @throws CpiabError E2101, E2105. */
export async function readManifest(medium: Medium, key: PublicKey): Promise<Manifest> {
  const text = await medium.read(`${layout.bundle}/${bundleFiles.manifest}`);
  const signature = await medium.read(`${layout.bundle}/${bundleFiles.signature}`);
  if (!verifyExact(blake2b(text), signature.toString('utf8'), key)) {
    throw new CpiabError('E2101', { subject: `${medium.path}: ${bundleFiles.manifest}` });
  }
  return ManifestSchema.parse(JSON.parse(text.toString('utf8')));
}

function fail(error: CpiabError): never {
  throw error;
}

/** Path on the medium → digest, for all that the signed manifest says or implies. */
async function expectedFiles(bundle: OpenBundle): Promise<Map<string, Digest>> {
  const { medium, manifest } = bundle;
  const inBundle = (path: string) => `${layout.bundle}/${path}`;
  const expected = new Map<string, Digest>();
  for (const { digest } of manifest.blobs)
    expected.set(inBundle(`${bundleFiles.blobs}/${digest.slice(7)}`), digest);
  for (const [name, digest] of Object.entries(manifest.files)) expected.set(inBundle(name), digest);
  const { links, blobs } = await servedView(bundle);
  for (const [path, digest] of blobs) expected.set(inBundle(path), digest);
  for (const [path, digest] of links) expected.set(inBundle(path), sha256(Buffer.from(digest)));
  if (medium.kind === 'iso')
    for (const [path, digest] of Object.entries(manifest.links)) expected.set(path, digest);
  return expected;
}

/** The registry's view, derived again from the image manifests. @throws CpiabError E2103 for a damaged one. */
export async function servedView(bundle: OpenBundle): Promise<RegistryView> {
  const { manifest } = bundle;
  const images = await Promise.all(
    Object.entries({ ...manifest.images, ...manifest.charts }).map(async ([reference, digest]) => {
      const top = await readJson(bundle, digest);
      const own = 'manifests' in top ? carried(manifest, top.manifests) : digest;
      const image = (own === digest ? top : await readJson(bundle, own)) as ImageManifest;
      return {
        reference,
        digest,
        manifest: own,
        content: [image.config.digest, ...image.layers.map((layer) => layer.digest)],
      };
    }),
  );
  return registryView(images);
}

interface ImageManifest {
  config: { digest: Digest };
  layers: { digest: Digest }[];
}

/** An index names many platforms; the bundle carries one. */
function carried(manifest: Manifest, named: { digest: Digest }[]): Digest {
  const here = new Set(manifest.blobs.map(({ digest }) => digest));
  const found = named.find(({ digest }) => here.has(digest));
  if (found === undefined) throw new Error('an index without any of its manifests');
  return found.digest;
}

async function readJson(
  bundle: OpenBundle,
  digest: Digest,
): Promise<ImageManifest | { manifests: { digest: Digest }[] }> {
  return JSON.parse((await readBlob(bundle, digest)).toString('utf8')) as ImageManifest;
}

interface Check extends OpenBundle {
  expected: Map<string, Digest>;
  onDamage: (error: CpiabError) => void;
}

async function checkFiles(check: Check, signal: AbortSignal): Promise<{ files: number; bytes: number }> {
  const { medium, expected, onDamage } = check;
  const seen = new Map<string, Digest>();
  let bytes = 0;
  for await (const file of medium.files()) {
    const digest = expected.get(file.path);
    if (digest === undefined) {
      if (!isOutside(file.path))
        onDamage(new CpiabError('E2104', { subject: `${medium.path}: ${file.path}` }));
      file.content.resume();
      continue;
    }
    const found = (file.linkTo && seen.get(file.linkTo)) || (await digestOf(file.content, signal));
    if (found !== digest) onDamage(damaged(check, digest, file.path));
    seen.set(file.path, found);
    bytes += file.size;
  }
  reportMissing(check, seen);
  return { files: expected.size, bytes };
}

function reportMissing({ medium, expected, onDamage }: Check, seen: Map<string, Digest>): void {
  for (const path of expected.keys()) {
    if (!seen.has(path)) onDamage(new CpiabError('E2105', { subject: `${medium.path}: ${path}` }));
  }
}

async function digestOf(content: Readable, signal: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  await pipeline(content, hash, { signal });
  return `sha256:${hash.digest('hex')}`;
}

/** Files that the manifest doesn't list: itself, its signature, and what the seal covers on an ISO. */
function isOutside(path: string): boolean {
  if (!path.startsWith(`${layout.bundle}/`)) return true;
  const name = path.slice(layout.bundle.length + 1);
  return name === bundleFiles.manifest || name === bundleFiles.signature;
}

async function checkSeal(medium: Medium, key: PublicKey, signal: AbortSignal): Promise<void> {
  if (medium.seal === null) return;
  const { signature, hash } = await medium.seal(signal);
  if (!verifyExact(hash, signature, key)) throw new CpiabError('E2107', { subject: medium.path });
}

/**
 * Also holds the parts of the text that no signature covers (the untrusted comment, line ends) to the one
 * form that the builder writes: then no byte is free to differ.
 */
function verifyExact(hash: Uint8Array, text: string, key: PublicKey): boolean {
  return verifyHash(hash, text, key) && formatSignature(parseSignature(text), key.name) === text;
}

const sha256 = (bytes: Uint8Array): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const blake2b = (bytes: Uint8Array) => createHash('blake2b512').update(bytes).digest();
