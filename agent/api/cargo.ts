import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Digest, DigestSchema, digestOf } from '../../contract/manifest.ts';
import type { AuditLog } from '../audit/log.ts';
import { partOf } from '../update/requests.ts';
import { answerJson, answerText, notWritten } from './answer.ts';
import type { BackupParts } from './backups.ts';
import { answerRefusal } from './command.ts';
import type { Operator } from './operator.ts';

export const CARGO = '/v1/cargo/';
const LONGEST_MS = 6 * 3_600_000;

/**
 * `GET /v1/cargo/SHA256` tells how much the box has of what a cargo unpacks to, `PUT` with `offset` and `length` brings
 * a part of it, `POST` lands it. For operators only; a landing is written down before anything is done.
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
  POST: async ({ log, of, reboot, digest, incoming, outgoing, operator: who, signal }) => {
    const replace = incoming.headers['cpiab-replace'];
    const event = { who, action: 'restore', subject: 'cargo', detail: digest } as const;
    const wanted = typeof replace === 'string' ? replace : null;
    const manifest = await log.around(event, () => of.land(digest, wanted, signal));
    outgoing.once('finish', () => void reboot());
    answerJson(outgoing, 202, manifest);
  },
};
