import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, DigestSchema } from '../../contract/manifest.ts';
import { formatReference, type ImageReference } from '../../contract/reference.ts';
import { digestOfBytes } from '../../host/hashing.ts';
import { jsonOrNull } from '../../host/json.ts';
import { LARGEST_MANIFEST } from './document.ts';
import { PLATFORM, type RemoteImage } from './manifests.ts';
import type { Registry } from './registry.ts';

/** Source: OCI Image Specification 1.1, config.md. */
const ConfigSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  rootfs: z.looseObject({ diff_ids: z.array(DigestSchema) }),
});

/**
 * Digests of an image's layers, uncompressed, lowest first.
 * @throws CpiabError E3015 for another platform, E3017 for what is no config.
 */
export function readConfig(bytes: Buffer, subject: string): Digest[] {
  const parsed = ConfigSchema.safeParse(jsonOrNull(bytes));
  if (!parsed.success)
    throw new CpiabError('E3017', { subject, args: ['its config names no layers'], cause: parsed.error });
  const { os, architecture, rootfs } = parsed.data;
  if (os !== PLATFORM.os || architecture !== PLATFORM.architecture) {
    const args: [string, string] = [`${PLATFORM.os}/${PLATFORM.architecture}`, `${os}/${architecture}`];
    throw new CpiabError('E3015', { subject, args });
  }
  return rootfs.diff_ids;
}

/** Without an index only the config tells the platform. @throws CpiabError as `readConfig`, E2103. */
export async function checkPlatform(
  registry: Registry,
  reference: ImageReference,
  { top, manifest, config }: RemoteImage,
): Promise<void> {
  if (top.digest !== manifest.digest) return;
  const subject = formatReference(reference);
  const limits = { limit: LARGEST_MANIFEST };
  const { bytes } = await registry.document(reference.repository, `blobs/${config.digest}`, limits);
  const found = digestOfBytes(bytes);
  if (found !== config.digest)
    throw new CpiabError('E2103', { subject: `${subject} config ${config.digest}` });
  readConfig(bytes, subject);
}
