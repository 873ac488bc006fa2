import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { type Digest, digestOf, hexOf } from '../../contract/manifest.ts';
import { sha256File } from '../../host/files.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { bundleView, damaged } from './blob.ts';
import { type OpenBundle, type OpenFile, skipFile } from './medium.ts';

/**
 * Checks every file of a bundle: that it is listed and has its digest, and that none is missing.
 * @param onDamage takes each damage; what it throws ends the check.
 * @returns how many files were hashed, and their bytes.
 * @throws CpiabError E2103 for an image manifest without which nothing can be told.
 */
export async function checkContent(
  bundle: OpenBundle,
  onDamage: (error: CpiabError) => void,
  signal: AbortSignal,
): Promise<{ files: number; bytes: number }> {
  return await checkFiles({ ...bundle, expected: await expectedFiles(bundle), onDamage }, signal);
}

/** Path on the medium → digest, for all that the signed manifest says or implies. */
async function expectedFiles(bundle: OpenBundle): Promise<Map<string, Digest>> {
  const { medium, manifest } = bundle;
  const inBundle = (path: string) => `${layout.bundle}/${path}`;
  const expected = new Map<string, Digest>();
  for (const { digest } of manifest.blobs)
    expected.set(inBundle(`${bundleFiles.blobs}/${hexOf(digest)}`), digest);
  for (const [name, digest] of Object.entries(manifest.files)) expected.set(inBundle(name), digest);
  const { links, blobs } = await bundleView(bundle);
  for (const [path, digest] of blobs) expected.set(inBundle(path), digest);
  for (const [path, digest] of links) expected.set(inBundle(path), digestOfBytes(digest));
  if (medium.kind === 'iso')
    for (const [path, digest] of Object.entries(manifest.links)) expected.set(path, digest);
  return expected;
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
      passOver(file, check);
      continue;
    }
    const found = (file.linkTo && seen.get(file.linkTo)) || (await readDigest(file, signal));
    if (found !== digest) onDamage(damaged(check, digest, file.path));
    seen.set(file.path, found);
    bytes += file.size;
  }
  reportMissing(check, seen);
  return { files: expected.size, bytes };
}

/** A file that the manifest doesn't list. */
function passOver(file: OpenFile, { medium, onDamage }: Check): void {
  if (!isOutside(file.path)) onDamage(new CpiabError('E2104', { subject: `${medium.path}: ${file.path}` }));
  skipFile(file);
}

function reportMissing({ medium, expected, onDamage }: Check, seen: Map<string, Digest>): void {
  for (const path of expected.keys()) {
    if (!seen.has(path)) onDamage(new CpiabError('E2105', { subject: `${medium.path}: ${path}` }));
  }
}

async function readDigest(file: OpenFile, signal: AbortSignal): Promise<Digest> {
  if (file.onDisk !== undefined) return digestOf((await sha256File(file.onDisk, signal)).sha256);
  const hash = createHash('sha256');
  await pipeline(file.content, hash, { signal });
  return digestOf(hash.digest('hex'));
}

/** Files that the manifest doesn't list: itself, its signature, and what the seal covers on an ISO. */
function isOutside(path: string): boolean {
  if (!path.startsWith(`${layout.bundle}/`)) return true;
  const name = path.slice(layout.bundle.length + 1);
  return name === bundleFiles.manifest || name === bundleFiles.signature;
}
