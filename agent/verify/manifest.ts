import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles } from '../../contract/layout.ts';
import { type Digest, type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { parsePublicKey, parseSignature, verifyBytes } from '../../host/minisign.ts';

/** A manifest that the site key has signed. */
export interface SignedManifest {
  manifest: Manifest;
  /** Digest of the manifest's own bytes. */
  digest: Digest;
  /** Identifier of the key. */
  key: string;
}

/**
 * Reads the bundle's manifest, parsing nothing of the bundle before its signature verifies.
 * @param bundle directory of the bundle.
 * @param keyFile the site's public key, as the OS was built with.
 * @throws CpiabError E2101 or E2102 when it isn't signed by that key, E2105 when it isn't there,
 *   E2111 when it was made for another site.
 */
export async function readManifest(bundle: string, keyFile: string, site: string): Promise<SignedManifest> {
  const path = join(bundle, bundleFiles.manifest);
  const text = await readPart(path);
  const signature = (await readPart(join(bundle, bundleFiles.signature))).toString('utf8');
  const key = parsePublicKey(await readFile(keyFile, 'utf8'));
  if (!verifyBytes(text, signature, key)) throw wrongSignature(path, signature, key.name);
  const manifest = ManifestSchema.parse(JSON.parse(text.toString('utf8')));
  if (manifest.site !== site) throw new CpiabError('E2111', { subject: path, args: [manifest.site, site] });
  return { manifest, digest: `sha256:${createHash('sha256').update(text).digest('hex')}`, key: key.name };
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
