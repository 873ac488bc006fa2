import type { IncomingMessage, ServerResponse } from 'node:http';
import { CpiabError, type ErrorCode } from '../../contract/errors.ts';
import { largestSvidRequest, SvidRequestSchema } from '../../contract/svid.ts';
import { answerJson, answerText, notYet } from '../api/answer.ts';
import { takeDocument } from '../api/body.ts';
import { clientOf } from '../api/client-address.ts';
import { TokenBuckets } from '../api/token-buckets.ts';
import type { Counters } from '../metrics/counters.ts';
import type { SvidDesk, SvidSources } from './desk.ts';

/** Pods of one node come from one address, all of them at once after its start; each look at a token costs the API server work. */
const RATE = { burst: 200, perSecond: 5 };
const CLIENTS_REMEMBERED = 4096;
const RETRY_SECONDS = 60;

/** Status codes: RFC 9110 sections 15.5.1 and 15.5.2, RFC 6585 section 4, RFC 6750 section 3. */
const statuses: Partial<Record<ErrorCode, number>> = { E2502: 400, E2505: 503, E2520: 401, E5520: 429 };

export interface SvidParts {
  desk: SvidDesk;
  /** Undefined until Kubernetes runs and the audit log is open. */
  sources: () => SvidSources | undefined;
  counters: Counters;
  signal: AbortSignal;
}

/** Answers `POST /v1/svid`. */
export class SvidHttp {
  readonly #parts: SvidParts;
  readonly #clients = new TokenBuckets(RATE, CLIENTS_REMEMBERED);

  constructor(parts: SvidParts) {
    this.#parts = parts;
  }

  async answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { counters, sources } = this.#parts;
    const found = sources();
    if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only POST\n');
    if (found === undefined) return notYet(outgoing);
    try {
      this.#expectPatience(incoming);
      await this.#give(found, incoming, outgoing);
      counters.add('svids', { outcome: outgoing.statusCode === 200 ? 'issued' : 'refused' });
    } catch (error) {
      if (!(error instanceof CpiabError)) throw error;
      counters.add('svids', { outcome: 'refused' });
      refuse(outgoing, error);
    }
  }

  #expectPatience({ socket }: IncomingMessage): void {
    const seconds = this.#clients.take(clientOf(socket.remoteAddress));
    if (seconds > 0) throw new CpiabError('E5520', { subject: 'this address', args: [String(seconds)] });
  }

  async #give(sources: SvidSources, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const expected = { limit: largestSvidRequest, schema: SvidRequestSchema, what: 'an SvidRequest' };
    const request = await takeDocument(incoming, outgoing, expected);
    if (request === null) return;
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(incoming.headers.authorization ?? '') ?? [];
    const { desk, signal } = this.#parts;
    answerJson(outgoing, 200, await desk.issue(sources, token, Buffer.from(request.csr, 'base64'), signal));
  }
}

function refuse(outgoing: ServerResponse, error: CpiabError): void {
  if (error.code === 'E2520') outgoing.setHeader('www-authenticate', 'Bearer error="invalid_token"');
  if (error.code === 'E5520') outgoing.setHeader('retry-after', RETRY_SECONDS);
  answerJson(outgoing, statuses[error.code as ErrorCode] ?? 422, error);
}
