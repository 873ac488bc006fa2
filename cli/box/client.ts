import { CpiabError } from '../../contract/errors.ts';
import { type BoxStatus, BoxStatusSchema } from '../../contract/status.ts';
import { findBoxRecord } from '../../host/box-record.ts';
import { cacheRoot } from '../../host/cache.ts';
import { getPinned, PinMismatch } from '../../host/pinned-https.ts';

/** A box's API: where it is, and the SHA-256 of its key (SPKI, hexadecimal). */
export interface BoxAddress {
  url: URL;
  fingerprint: string;
}

/**
 * The box that is meant: an address with `#fingerprint`, one that `cpiab boot` has kept, or the box
 * started last when none is given.
 * @throws CpiabError E1010 not an address, E5006 no key known for it.
 */
export async function boxAddress(given: string | undefined): Promise<BoxAddress> {
  if (given !== undefined && !URL.canParse(given)) {
    throw new CpiabError('E1010', { subject: '--box', args: [`${given} is not an address`, 'cpiab status'] });
  }
  const url = given === undefined ? undefined : new URL(given);
  const fingerprint = url?.hash.slice(1).toLowerCase();
  if (url !== undefined && fingerprint) return { url: new URL('/', url), fingerprint };
  const record = await findBoxRecord(cacheRoot(), given);
  if (record === null) throw new CpiabError('E5006', { subject: given ?? 'no box was started here' });
  return { url: new URL(record.url), fingerprint: record.fingerprint };
}

/**
 * Asks a box how it is.
 * @throws CpiabError E5004 no usable answer, E5005 another key than expected.
 */
export async function fetchStatus({ url, fingerprint }: BoxAddress): Promise<BoxStatus> {
  const fail = (why: string, cause?: unknown) =>
    new CpiabError('E5004', { subject: url.href, args: [why], cause });
  const answer = await getPinned(new URL('/v1/status', url), fingerprint).catch((cause: unknown) => {
    if (cause instanceof PinMismatch) {
      throw new CpiabError('E5005', { subject: url.href, args: [cause.found, fingerprint], cause });
    }
    throw fail((cause as Error).message, cause);
  });
  if (answer.status !== 200) throw fail(`status ${answer.status}`);
  try {
    return BoxStatusSchema.parse(JSON.parse(answer.body.toString('utf8')));
  } catch (cause) {
    throw fail('not the status of a box', cause);
  }
}
