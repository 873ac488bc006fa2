import { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, DigestSchema } from '../../contract/manifest.ts';
import { formatReference, type ImageReference } from '../../contract/reference.ts';
import type { Site } from '../../contract/site.ts';
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
  config: z.looseObject({ Labels: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

/** Label of an image that only stands in for the one whose name it has. */
const STAND_IN = 'dev.cpiab.rehearsal';

export interface ImageConfig {
  /** Digests of its layers, uncompressed, lowest first. */
  diffIds: Digest[];
  standIn: boolean;
}

/** @throws CpiabError E3015 for another platform, E3017 for what is no config. */
export function readConfig(bytes: Buffer, subject: string): ImageConfig {
  const parsed = ConfigSchema.safeParse(jsonOrNull(bytes));
  if (!parsed.success)
    throw new CpiabError('E3017', { subject, args: ['its config names no layers'], cause: parsed.error });
  const { os, architecture, rootfs, config } = parsed.data;
  if (os !== PLATFORM.os || architecture !== PLATFORM.architecture) {
    const args: [string, string] = [`${PLATFORM.os}/${PLATFORM.architecture}`, `${os}/${architecture}`];
    throw new CpiabError('E3015', { subject, args });
  }
  return { diffIds: rootfs.diff_ids, standIn: config?.Labels?.[STAND_IN] !== undefined };
}

/** A stand-in is for rehearsals alone. @throws CpiabError E2145. */
export function requireReal({ standIn }: ImageConfig, subject: string, site: Pick<Site, 'rehearsal'>): void {
  if (standIn && !site.rehearsal) throw new CpiabError('E2145', { subject });
}

/** The config as a registry has it. @throws CpiabError as `readConfig`, E2103. */
export async function fetchConfig(
  registry: Registry,
  reference: ImageReference,
  { config }: RemoteImage,
): Promise<ImageConfig> {
  const subject = formatReference(reference);
  const limits = { limit: LARGEST_MANIFEST };
  const { bytes } = await registry.document(reference.repository, `blobs/${config.digest}`, limits);
  const found = digestOfBytes(bytes);
  if (found !== config.digest)
    throw new CpiabError('E2103', { subject: `${subject} config ${config.digest}` });
  return readConfig(bytes, subject);
}
