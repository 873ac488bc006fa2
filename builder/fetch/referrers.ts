import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import type { Digest } from '../../contract/manifest.ts';
import { referrersReference } from '../../contract/registry-view.ts';
import type { CachedFile } from '../../host/cache.ts';
import { subjectsOf } from '../lock/referrers.ts';
import { readReference } from '../lock/upstream.ts';
import type { BlobContext } from '../registry/blob.ts';
import { type Referrer, readReferrer } from '../registry/referrers.ts';
import type { Origin } from './origin.ts';

/** A signature, bill of materials or attestation in the cache, as its registry has it. */
export interface FetchedReferrer extends Pick<Referrer, 'subject' | 'artifactType' | 'annotations'> {
  manifest: CachedFile;
  /** Config and layers. */
  blobs: CachedFile[];
}

/** Brings what the lock pins beside an image. @throws CpiabError E3017 for what is about another image; what the origin throws. */
export async function fetchReferrers(
  locked: Lock['upstream'][number],
  origin: Origin,
  context: BlobContext,
): Promise<FetchedReferrer[]> {
  const fetched: FetchedReferrer[] = [];
  for (const digest of locked.referrers ?? []) fetched.push(await fetchOne(locked, digest, origin, context));
  return fetched;
}

async function fetchOne(
  locked: Lock['upstream'][number],
  digest: Digest,
  origin: Origin,
  context: BlobContext,
): Promise<FetchedReferrer> {
  const part = { reference: referrersReference(locked.reference, digest), digest };
  const document = await origin.document(part, digest);
  const referrer = readReferrer(document, readReference(locked.reference), subjectsOf(locked));
  if (referrer === null)
    throw new CpiabError('E3017', { subject: locked.reference, args: [`${digest} does not refer to it`] });
  const { subject, artifactType, annotations, config, layers } = referrer;
  const blobs: CachedFile[] = [];
  for (const blob of [config, ...layers]) blobs.push(await origin.blob(part, blob, context));
  return { subject, artifactType, annotations, manifest: await context.cache.put(document.bytes), blobs };
}
