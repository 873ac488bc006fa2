import type { z } from 'zod';
import { type AuditEntry, type AuditLogDocument, AuditLogSchema } from '../../contract/audit-log.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type BoxStatus, BoxStatusSchema } from '../../contract/status.ts';
import { findBoxRecord } from '../../host/box-record.ts';
import { cacheRoot } from '../../host/cache.ts';
import { getPinned, noAnswer } from '../../host/pinned-https.ts';

/** A box's API: where it is, and the SHA-256 of its key (SPKI, hexadecimal). */
export interface BoxAddress {
  url: URL;
  fingerprint: string;
}

/**
 * The box that is meant: an address with `#fingerprint`, one that `cpiab boot` has kept, or the box
 * started last when none is given.
 * @param command named in the hint of a wrong address.
 * @throws CpiabError E1010 not an address, E5006 no key known for it.
 */
export async function boxAddress(given: string | undefined, command = 'cpiab status'): Promise<BoxAddress> {
  if (given !== undefined && !URL.canParse(given)) {
    throw new CpiabError('E1010', { subject: '--box', args: [`${given} is not an address`, command] });
  }
  const url = given === undefined ? undefined : new URL(given);
  const fingerprint = url?.hash.slice(1).toLowerCase();
  if (url !== undefined && fingerprint) return { url: new URL('/', url), fingerprint };
  const record = await findBoxRecord(cacheRoot(), given);
  if (record === null) throw new CpiabError('E5006', { subject: given ?? 'no box was started here' });
  return { url: new URL(record.url), fingerprint: record.fingerprint };
}

/** Asks a box how it is. @throws as `fetchDocument`. */
export async function fetchStatus(address: BoxAddress): Promise<BoxStatus> {
  return await fetchDocument(address, '/v1/status', BoxStatusSchema, 'the status of a box');
}

/** A box's audit log from an entry on: whole, as of one checkpoint. @throws as `fetchDocument`. */
export async function fetchAudit(address: BoxAddress, from = 0): Promise<AuditLogDocument> {
  const entries: AuditEntry[] = [];
  for (;;) {
    const path = `/v1/audit?from=${from + entries.length}`;
    const page = await fetchDocument(address, path, AuditLogSchema, 'an audit log');
    entries.push(...page.entries);
    const size = Number(page.checkpoint.split('\n')[1]);
    if (page.entries.length === 0 || from + entries.length >= size) return { ...page, from, entries };
  }
}

/**
 * @param what the document is, for the error.
 * @throws CpiabError E5004 no usable answer, E5005 another key than expected.
 */
async function fetchDocument<T>(
  { url, fingerprint }: BoxAddress,
  path: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<T> {
  const fail = (why: string, cause?: unknown) =>
    new CpiabError('E5004', { subject: url.href, args: [why], cause });
  const answer = await getPinned(new URL(path, url), fingerprint).catch((cause: unknown) => {
    throw noAnswer(url.href, fingerprint, cause);
  });
  if (answer.status !== 200) throw fail(`status ${answer.status}`);
  try {
    return schema.parse(JSON.parse(answer.body.toString('utf8')));
  } catch (cause) {
    throw fail(`not ${what}`, cause);
  }
}
