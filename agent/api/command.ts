import type { IncomingMessage, ServerResponse } from 'node:http';
import { CpiabError } from '../../contract/errors.ts';
import type { AuditLog } from '../audit/log.ts';
import { answerJson, answerText, notWritten } from './answer.ts';
import { type Expected, takeDocument } from './body.ts';
import type { Operator } from './operator.ts';

/** What an operator asks for, and the log that must have it before it is done. */
export interface Command<Document> {
  request: Document;
  who: Operator;
  log: AuditLog;
}

/**
 * Takes what an operator posts. Null where it can't be: it is of another method, not an operator's, not as
 * expected, or the log isn't open. Then that is answered.
 */
export async function takeCommand<Document>(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  operator: Operator | null,
  { log, ...expected }: Expected<Document> & { log: AuditLog | undefined },
): Promise<Command<Document> | null> {
  if (incoming.method !== 'POST') answerText(outgoing, 405, 'only POST\n');
  else if (operator === null) answerText(outgoing, 403, 'this needs the operator certificate of this site\n');
  else {
    const request = await takeDocument(incoming, outgoing, expected);
    if (request === null) return null;
    if (log !== undefined) return { request, who: operator, log };
    notWritten(outgoing);
  }
  return null;
}

/** Answers with what the work gives, or with why the box refuses it. */
export async function answerOutcome(
  outgoing: ServerResponse,
  status: number,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    answerJson(outgoing, status, await work());
  } catch (error) {
    answerRefusal(outgoing, error);
  }
}

/** Answers why the box refuses what was asked (RFC 9110 section 15.5.10). @throws what is no refusal. */
export function answerRefusal(outgoing: ServerResponse, error: unknown): void {
  if (!(error instanceof CpiabError)) throw error;
  answerJson(outgoing, 409, error);
}
