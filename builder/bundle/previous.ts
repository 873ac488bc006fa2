import { CpiabError } from '../../contract/errors.ts';
import { type Digest, type Manifest, ManifestSchema } from '../../contract/manifest.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { readTextFile } from '../../host/input-file.ts';

/** Bytes; a manifest names each blob in about 300. */
const LARGEST_MANIFEST = 64 << 20;

/**
 * Digest of the manifest that a bundle follows. It is named, never looked for: what lies in an output directory
 * differs from machine to machine, and two machines shall build the same bytes.
 * @throws CpiabError E1081 when it is of another site or not older, E1004 when it is no manifest, and what
 *   `readTextFile` throws.
 */
export async function previousDigest(
  path: string,
  next: { site: string; sequence: number },
): Promise<Digest> {
  const text = await readTextFile(path, { limit: LARGEST_MANIFEST });
  const { site, sequence } = parse(text, path);
  if (site !== next.site || sequence >= next.sequence) {
    const args: [string, string] = [`${site} ${sequence}`, `${next.site} ${next.sequence}`];
    throw new CpiabError('E1081', { subject: path, args });
  }
  return digestOfBytes(text);
}

function parse(text: string, path: string): Manifest {
  try {
    return ManifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CpiabError('E1004', { subject: path, cause });
  }
}
