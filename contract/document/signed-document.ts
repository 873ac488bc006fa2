import { z } from 'zod';
import { CpiabError } from '../errors.ts';

/**
 * Reads a signed document. What it doesn't know it refuses: a signature says who wrote it, not that it is understood.
 * @param what it should be, for the message.
 * @throws CpiabError E2114 with the first thing that is wrong.
 */
export function parseDocument<Schema extends z.ZodType>(
  schema: Schema,
  bytes: Buffer,
  subject: string,
  what: string,
): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new CpiabError('E2114', { subject, args: [what, reasonOf(cause)], cause });
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return 'not JSON';
  const [issue] = cause.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  return `${place === '' ? 'at its top' : place}: ${issue?.message ?? 'wrong'}`.replaceAll('\n', ' ');
}
