import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Digest } from '../../contract/manifest.ts';
import { type UpdateAnnouncement, UpdateAnnouncementSchema } from '../../contract/update.ts';
import { takeDocument } from '../api/body.ts';
import { isPaper } from './admit.ts';
import type { Part } from './inbox.ts';

/** Bytes of one request: what a slow line brings before the server's time for a request is over. */
const LARGEST_PART = 32 << 20;

const AnnouncementSchema = UpdateAnnouncementSchema.refine(({ papers }) =>
  Object.keys(papers).every(isPaper),
);

/** Null for what is none, or is too large; then that is answered. */
export async function announcementOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<UpdateAnnouncement | null> {
  const expected = { limit: LARGEST_PART, schema: AnnouncementSchema, what: 'an announcement of an update' };
  return await takeDocument(incoming, outgoing, expected);
}

/** Which part of a file a request brings; null for none. */
export function partOf(digest: Digest, query: URLSearchParams, size: number): Part | null {
  const [offset, length] = ['offset', 'length'].map((name) => Number(query.get(name) ?? 'none'));
  const whole = [offset, length, size].every((value) => Number.isSafeInteger(value) && Number(value) >= 0);
  if (!whole || offset === undefined || length === undefined) return null;
  return size > LARGEST_PART || offset + size > length ? null : { digest, length, offset };
}
