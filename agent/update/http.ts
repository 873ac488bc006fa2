import type { IncomingMessage, ServerResponse } from 'node:http';
import { CpiabError } from '../../contract/errors.ts';
import { type Digest, DigestSchema, digestOf } from '../../contract/manifest.ts';
import { answerJson, answerText } from '../api/answer.ts';
import type { Operator } from '../api/operator.ts';
import type { AuditLog } from '../audit/log.ts';
import type { Updater } from './updater.ts';

/** Bytes of one request: what a slow line brings before the server's time for a request is over. */
const LARGEST_PART = 32 << 20;
const FILES = '/v1/update/';

export interface UpdateHttpParts {
  /** Undefined where the box has no slots. */
  updater: () => Updater | undefined;
  audit: () => AuditLog | undefined;
  signal: AbortSignal;
}

/**
 * `GET /v1/update/SHA256` tells how much the box has of a file, `PUT` with `offset` and `length` brings a
 * part of it; `POST /v1/rollback` goes back. All need the operator's certificate.
 */
export class UpdateHttp {
  readonly #parts: UpdateHttpParts;

  constructor(parts: UpdateHttpParts) {
    this.#parts = parts;
  }

  handles(path: string): boolean {
    return path === '/v1/rollback' || path.startsWith(FILES);
  }

  async answer(
    path: string,
    query: URLSearchParams,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    if (operator === null)
      return answerText(outgoing, 403, 'this needs the operator certificate of this site\n');
    try {
      const updater = this.#parts.updater();
      if (updater === undefined) throw new CpiabError('E5301', { subject: 'this box' });
      const work = path === '/v1/rollback' ? this.#rollback : this.#file;
      await work.call(this, { updater, path, query, incoming, outgoing, operator });
    } catch (error) {
      if (!(error instanceof CpiabError)) throw error;
      answerJson(outgoing, 422, error);
    }
  }

  async #file({ updater, path, query, incoming, outgoing, operator }: Asked): Promise<void> {
    const digest = DigestSchema.safeParse(digestOf(path.slice(FILES.length)));
    if (!digest.success) return answerText(outgoing, 404, 'no such file\n');
    if (incoming.method === 'GET')
      return answerJson(outgoing, 200, { received: await updater.received(digest.data) });
    const part = partOf(digest.data, query, Number(incoming.headers['content-length']));
    if (incoming.method !== 'PUT' || part === null)
      return answerText(outgoing, 400, 'not a part of a file\n');
    if (part.offset === 0) await this.#note('update', operator, part.digest);
    answerJson(outgoing, 200, { received: await updater.receive(part, incoming, this.#parts.signal) });
  }

  async #rollback({ updater, incoming, outgoing, operator }: Asked): Promise<void> {
    if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only POST\n');
    await this.#note('rollback', operator, 'the other slot');
    await updater.rollback(this.#parts.signal);
    answerJson(outgoing, 202, updater.status);
  }

  async #note(action: 'update' | 'rollback', who: Operator, subject: string): Promise<void> {
    await this.#parts.audit()?.record({ who, action, subject, outcome: 'begun', detail: '' });
  }
}

interface Asked {
  updater: Updater;
  path: string;
  query: URLSearchParams;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  operator: Operator;
}

function partOf(digest: Digest, query: URLSearchParams, size: number) {
  const [offset, length] = ['offset', 'length'].map((name) => Number(query.get(name) ?? 'none'));
  const whole = [offset, length, size].every((value) => Number.isSafeInteger(value) && Number(value) >= 0);
  if (!whole || offset === undefined || length === undefined) return null;
  return size > LARGEST_PART || offset + size > length ? null : { digest, length, offset };
}
