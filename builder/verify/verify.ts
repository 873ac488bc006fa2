import { createHash } from 'node:crypto';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium as layout } from '../../contract/layout.ts';
import { type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { formatSignature, type PublicKey, parseSignature, verifyHash } from '../../host/minisign.ts';
import { refuseRetired, type TrustedKey } from '../../host/rotation.ts';
import { checkContent } from './content.ts';
import type { Medium } from './medium.ts';

export interface Verification {
  medium: Medium;
  manifest: Manifest;
  /** The key that signed it. */
  key: TrustedKey;
  /** How many files were hashed, and their bytes. */
  files: number;
  bytes: number;
}

/**
 * Checks a medium against the key, default deny: the manifest's signature first, then that every file
 * of the bundle is listed and has its digest, that none is missing, and last the seal over all bytes.
 * @throws CpiabError E21xx naming the blob or file.
 */
export async function verifyMedium(
  medium: Medium,
  key: TrustedKey,
  signal: AbortSignal,
): Promise<Verification> {
  const manifest = await readManifest(medium, key);
  const counted = await checkContent({ medium, manifest }, fail, signal);
  await checkSeal(medium, key, signal);
  return { medium, manifest, key, ...counted };
}

/**
 * The manifest, once its signature has verified.
 * @throws CpiabError E2101, E2105, E2114 when it isn't one, E2127 and E2129 when the key may not sign it.
 */
export async function readManifest(medium: Medium, key: TrustedKey): Promise<Manifest> {
  const text = await medium.read(`${layout.bundle}/${bundleFiles.manifest}`);
  const signature = await medium.read(`${layout.bundle}/${bundleFiles.signature}`);
  if (!verifyExact(blake2b(text), signature.toString('utf8'), key)) {
    throw new CpiabError('E2101', { subject: `${medium.path}: ${bundleFiles.manifest}` });
  }
  const subject = `${medium.path}: ${bundleFiles.manifest}`;
  const manifest = parseDocument(ManifestSchema, text, subject, 'a bundle manifest');
  refuseRetired(key, manifest, medium.path);
  return manifest;
}

function fail(error: CpiabError): never {
  throw error;
}

/** @throws CpiabError E2107. */
export async function checkSeal(medium: Medium, key: PublicKey, signal: AbortSignal): Promise<void> {
  if (medium.seal === null) return;
  const { signature, hash } = await medium.seal(signal);
  if (!verifyExact(hash, signature, key)) throw new CpiabError('E2107', { subject: medium.path });
}

/**
 * Also holds the parts of the text that no signature covers (the untrusted comment, line ends) to the one
 * form that the builder writes: then no byte is free to differ.
 */
export function verifyExact(hash: Uint8Array, text: string, key: PublicKey): boolean {
  return verifyHash(hash, text, key) && formatSignature(parseSignature(text), key.name) === text;
}

const blake2b = (bytes: Uint8Array) => createHash('blake2b512').update(bytes).digest();
