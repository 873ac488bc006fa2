import { createInterface } from 'node:readline';
import { z } from 'zod';
import { askPinned } from '../../host/pinned-https.ts';

/** One line of standard input: a request to a box. */
const AskSchema = z.strictObject({
  url: z.url(),
  /** SHA-256 of the box's key. */
  pin: z.string(),
  /** Null asks for a document. */
  body: z.string().nullable(),
  /** PEM, with which an operator says who he is. */
  identity: z.strictObject({ cert: z.string(), key: z.string() }).nullable(),
});
export type Ask = z.infer<typeof AskSchema>;

/** A line of standard output for each. */
export const AnswerSchema = z.union([
  z.strictObject({ status: z.number(), text: z.string() }),
  z.strictObject({ failed: z.string() }),
]);

/** Asks boxes from within a bank's network, for as long as somebody tells it what. */
export async function operator(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await ask(AskSchema.parse(JSON.parse(line))).catch(({ message }: Error) => ({
      failed: message,
    }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

async function ask({ url, pin, body, identity }: Ask): Promise<z.infer<typeof AnswerSchema>> {
  const answer = await askPinned(
    new URL(url),
    { of: 'key', sha256: pin },
    {
      timeoutMs: 120_000,
      ...(body !== null && {
        method: 'POST' as const,
        body,
        headers: { 'content-length': String(Buffer.byteLength(body)) },
      }),
      ...(identity !== null && { identity }),
    },
  );
  return { status: answer.status, text: answer.body.toString('utf8') };
}
