import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles } from '../../contract/layout.ts';
import { type Digest, type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { isRotationFile } from '../../contract/rotation.ts';
import { writeAtomic } from '../../host/files.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { parsePublicKey, parseSignature, verifyBytes } from '../../host/minisign.ts';
import { type RotationReader, refuseRetired, trustedKeys, unrotated } from '../../host/rotation.ts';

/** A manifest that the site key has signed. */
export interface SignedManifest {
  manifest: Manifest;
  /** Digest of the manifest's own bytes. */
  digest: Digest;
  /** Identifier of the key. */
  key: string;
}

/** Where a box finds what it holds a bundle against. */
export interface Trust {
  /** The site's public key, as the OS was built with. */
  keyFile: string;
  /** Directory of rotations that earlier bundles brought; may not be there yet. */
  rotations: string;
  site: string;
}

/**
 * Reads the bundle's manifest, parsing nothing of the bundle before its signature verifies. The signature is the
 * site key's, or that of a later key which rotations in the bundle lead to.
 * @param bundle directory of the bundle.
 * @throws CpiabError E2101 or E2102 when no such key signed it, E2105 when it isn't there, E2111 when it was made
 *   for another site, E2114 when this version doesn't understand it, E2127 or E2128 for a wrong rotation, E2129 when a retired key signed it.
 */
export async function readManifest(bundle: string, trust: Trust): Promise<SignedManifest> {
  const path = join(bundle, bundleFiles.manifest);
  const text = await readPart(path);
  const signature = (await readPart(join(bundle, bundleFiles.signature))).toString('utf8');
  const start = parsePublicKey(await readFile(trust.keyFile, 'utf8'));
  const keys = await trustedKeys(start, rotationReader(trust.rotations, bundle));
  const key = keys.find(({ name }) => name === signerOf(signature)) ?? unrotated(start);
  if (!verifyBytes(text, signature, key)) throw wrongSignature(path, signature, start.name);
  const manifest = parseDocument(ManifestSchema, text, path, 'a bundle manifest');
  const { site } = trust;
  if (manifest.site !== site) throw new CpiabError('E2111', { subject: path, args: [manifest.site, site] });
  refuseRetired(key, manifest, path);
  return { manifest, digest: digestOfBytes(text), key: key.name };
}

/** What was known before comes first: a bundle can't take it back by leaving it out. */
function rotationReader(kept: string, bundle: string): RotationReader {
  const readIfThere = async (path: string) =>
    await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  return async (name) => (await readIfThere(join(kept, name))) ?? (await readIfThere(join(bundle, name)));
}

/**
 * Keeps the rotations of a bundle that is known to be good, also those that lead to this box's own key:
 * an older medium, whose key is retired since, is held against them.
 */
export async function keepRotations(bundle: string, rotations: string, { files }: Manifest): Promise<void> {
  for (const name of Object.keys(files).filter(isRotationFile)) {
    await mkdir(rotations, { recursive: true });
    // The first stays: a key that signs a second one is not in its holder's hands any more.
    if (await stat(join(rotations, name)).catch(() => null)) continue;
    await writeAtomic(join(rotations, name), await readFile(join(bundle, name)));
  }
}

async function readPart(path: string): Promise<Buffer> {
  return await readFile(path).catch((cause: unknown) => {
    throw new CpiabError('E2105', { subject: path, cause });
  });
}

/** Says that another key signed it, when the signature says so itself; it is refused in any case. */
function wrongSignature(path: string, signature: string, expected: string): CpiabError {
  const signer = signerOf(signature);
  return signer === null || signer === expected
    ? new CpiabError('E2101', { subject: path })
    : new CpiabError('E2102', { subject: path, args: [signer, expected] });
}

function signerOf(signature: string): string | null {
  try {
    return Buffer.from(parseSignature(signature).keyId).reverse().toString('hex').toUpperCase();
  } catch {
    return null;
  }
}
