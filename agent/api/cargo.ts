import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { CargoPapersSchema } from '../../contract/cargo.ts';
import { type Digest, DigestSchema, digestOf } from '../../contract/manifest.ts';
import { readPapers } from '../../host/cargo/papers.ts';
import { parsePublicKey } from '../../host/minisign.ts';
import type { AuditLog } from '../audit/log.ts';
import { partOf } from '../update/requests.ts';
import { answerJson, answerText, notWritten } from './answer.ts';
import type { BackupParts } from './backups.ts';
import { takeDocument } from './body.ts';
import { answerRefusal } from './command.ts';
import type { Operator } from './operator.ts';

export const CARGO = '/v1/cargo/';
const LONGEST_MS = 6 * 3_600_000;
const PapersSchema = CargoPapersSchema.extend({
  key: z.string().transform((text, found) => {
    try {
      return parsePublicKey(text);
    } catch {
      found.addIssue('not a public key of minisign');
      return z.NEVER;
    }
  }),
});
/** Two hundred bytes for each chunk: some 400 GB. */
const PAPERS = {
  limit: 64 << 20,
  schema: PapersSchema,
  what: "a cargo's manifest, its signature and a public key",
};

/**
 * `GET /v1/cargo/SHA256` tells how much the box has of what a cargo unpacks to, `PUT` with `offset` and `length` brings
 * a part of it, `POST` with its papers lands it. For operators only; a landing is written down, with the key that the
 * operator trusts, before anything is done.
 */
export async function answerCargo(
  { log, of, reboot }: BackupParts & { log: AuditLog | undefined },
  { path, query }: { path: string; query: URLSearchParams },
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
): Promise<void> {
  if (operator === null)
    return answerText(outgoing, 403, 'a landing needs the operator certificate of this site\n');
  const digest = DigestSchema.safeParse(digestOf(path.slice(CARGO.length))).data;
  const answer = answers[incoming.method ?? ''];
  if (digest === undefined || answer === undefined) return answerText(outgoing, 404, 'nothing here\n');
  if (log === undefined) return notWritten(outgoing);
  const signal = AbortSignal.timeout(LONGEST_MS);
  try {
    await answer({ log, of, reboot, digest, query, incoming, outgoing, operator, signal });
  } catch (error) {
    answerRefusal(outgoing, error);
  }
}

interface Call extends BackupParts {
  log: AuditLog;
  digest: Digest;
  query: URLSearchParams;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  operator: Operator;
  signal: AbortSignal;
}

const answers: Record<string, (call: Call) => Promise<void>> = {
  GET: async ({ of, digest, outgoing }) =>
    answerJson(outgoing, 200, { received: await of.inbox.received(digest) }),
  PUT: async ({ of, digest, query, incoming, outgoing, signal }) => {
    const part = partOf(digest, query, Number(incoming.headers['content-length']));
    if (part === null) return answerText(outgoing, 400, 'not a part of a file\n');
    answerJson(outgoing, 200, { received: await of.inbox.append(part, incoming, signal) });
  },
  POST: async (call) => {
    const { log, of, reboot, digest, incoming, outgoing, operator: who, signal } = call;
    const papers = await takeDocument(incoming, outgoing, PAPERS);
    if (papers === null) return;
    const replace = incoming.headers['cpiab-replace'];
    const wanted = typeof replace === 'string' ? replace : null;
    const { key } = papers;
    const event = {
      who,
      action: 'restore',
      subject: 'cargo',
      detail: `${digest} by key ${key.name}`,
    } as const;
    const manifest = await log.around(event, async () =>
      of.land(digest, readPapers('cargo', papers, key), wanted, signal),
    );
    outgoing.once('finish', () => void reboot());
    answerJson(outgoing, 202, manifest);
  },
};
