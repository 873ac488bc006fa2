import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { signaturesReference } from '../../contract/registry-view.ts';
import type { Site } from '../../contract/site.ts';
import { readReference } from '../lock/upstream.ts';
import type { BlobContext } from '../registry/blob.ts';
import type { RemoteDescriptor } from '../registry/manifests.ts';
import { keyPathsFor, readSignatureKeys } from '../registry/signature-keys.ts';
import { fetchSignatures, type ImageSignatures } from '../registry/signatures.ts';
import type { Origin } from './origin.ts';

interface Context extends BlobContext {
  site: Site;
  /** Absolute path; the keys lie in it. */
  repository: string;
  origin: Origin;
}

/**
 * The locked signatures of an image, checked again with the keys that the site has now; null for an image that
 * needs none.
 * @throws CpiabError E2144 when only one of lock and site wants any, and what `fetchSignatures` throws.
 */
export async function lockedSignatures(
  { reference, digest, signature }: Lock['upstream'][number],
  { site, repository, origin, ...context }: Context,
): Promise<ImageSignatures | null> {
  const paths = keyPathsFor(reference, site);
  if (paths.length === 0 && signature === undefined) return null;
  const unfit = (what: string) => new CpiabError('E2144', { subject: reference, args: [what] });
  if (signature === undefined) throw unfit(`it has no signature by ${paths.join(' or ')}`);
  if (paths.length === 0) throw unfit('it has a signature, and the site no key for it');
  const keys = await readSignatureKeys(repository, paths);
  const part = { reference: signaturesReference(reference, digest), digest: signature };
  const source = {
    manifest: async () => await origin.document(part, signature),
    blob: async (blob: RemoteDescriptor) => await origin.blob(part, blob, context),
  };
  return await fetchSignatures(source, { reference: readReference(reference), digest }, keys, context.cache);
}
