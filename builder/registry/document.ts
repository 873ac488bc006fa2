import type { Readable } from 'node:stream';
import { CpiabError } from '../../contract/errors.ts';
import { messageOf } from '../../contract/message-of.ts';
import { Retryable } from '../download/retry.ts';

/** What registries are asked to take at least. Source: OCI Distribution Specification 1.1, pushing manifests. */
export const LARGEST_MANIFEST = 4 << 20;
/** A page of tags, or a token: some kilobytes. */
export const LARGEST_ANSWER = 1 << 20;
/** For a whole document, however slowly it comes. */
const DOCUMENT_MS = 120_000;

export interface DocumentLimits {
  subject: string;
  /** Bytes. */
  limit: number;
  /** Milliseconds. */
  ms?: number | undefined;
}

/**
 * Reads a small document whole.
 * @throws CpiabError E3061 for one that is too large, Retryable when it doesn't come whole, or not in time.
 */
export async function readDocument(
  { body }: { body: Readable },
  { subject, limit, ms = DOCUMENT_MS }: DocumentLimits,
): Promise<Buffer> {
  const timer = setTimeout(() => body.destroy(new Error(`not whole after ${ms} ms`)), ms);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > limit) throw new CpiabError('E3061', { subject, args: [String(limit)] });
    }
  } catch (cause) {
    if (cause instanceof CpiabError) throw cause;
    throw new Retryable(messageOf(cause), { cause });
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}
