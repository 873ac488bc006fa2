import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { jsonOrNull } from '../../host/json.ts';
import { answerText } from './answer.ts';

/**
 * Reads what a request carries.
 * @param limit bytes. @returns null when it is larger; then the rest is not read.
 */
export async function bodyOf(incoming: IncomingMessage, limit: number): Promise<Buffer | null> {
  if (Number(incoming.headers['content-length'] ?? 0) > limit) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a request carries, and how that is told to who sends something else. */
export interface Expected<Document> {
  /** Bytes. */
  limit: number;
  schema: z.ZodType<Document>;
  what: string;
}

/** Takes a document. Null for one that is too large or isn't as the schema has it: then that is answered. */
export async function takeDocument<Document>(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { limit, schema, what }: Expected<Document>,
): Promise<Document | null> {
  const body = await bodyOf(incoming, limit);
  const { data } = schema.safeParse(body === null ? null : jsonOrNull(body));
  if (body === null) answerText(outgoing, 413, 'request too large\n');
  else if (data === undefined) answerText(outgoing, 400, `expected ${what}\n`);
  return data ?? null;
}
