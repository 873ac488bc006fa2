import { z } from 'zod';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Lock } from '../../contract/lock.ts';
import { DigestSchema } from '../../contract/manifest.ts';
import { lockedReferrers } from '../bundle/published.ts';
import { readBlob } from '../verify/blob.ts';
import type { Subject } from './check.ts';

const IndexSchema = z.looseObject({ manifests: z.array(z.looseObject({ digest: DigestSchema })) });

/** What the indexes of referrers name is what the lock pins, no more and no less. */
export async function compareReferrers(
  bundle: Subject,
  { upstream }: Lock,
  found: (problem: CpiabError) => void,
): Promise<void> {
  const locked = new Map(lockedReferrers(upstream).map(({ reference, digest }) => [digest, reference]));
  for (const [reference, index] of Object.entries(bundle.manifest.referrers)) {
    const subject = `${bundle.medium.path}: ${reference}`;
    const bytes = await readBlob(bundle, index);
    for (const { digest } of parseDocument(IndexSchema, bytes, subject, 'an OCI index').manifests)
      if (!locked.delete(digest))
        found(new CpiabError('E2122', { subject: reference, args: [digest, 'nothing of that digest'] }));
  }
  for (const [digest, reference] of locked)
    found(new CpiabError('E2122', { subject: reference, args: ['nothing of that digest', digest] }));
}
