import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditEvent } from '../../contract/audit-log.ts';
import { CpiabError } from '../../contract/errors.ts';
import { DigestSchema, digestOf } from '../../contract/manifest.ts';
import { versionText } from '../../contract/update.ts';
import { answerJson, answerText } from '../api/answer.ts';
import type { Operator } from '../api/operator.ts';
import type { AuditLog } from '../audit/log.ts';
import { announcementOf, partOf } from './requests.ts';
import type { Updater } from './updater.ts';

const ANNOUNCE = '/v1/update';
const FILES = '/v1/update/';
const STICK = '/v1/update/stick';
const ROLLBACK = '/v1/rollback';

export interface UpdateHttpParts {
  /** Undefined where the box has no slots. */
  updater: () => Updater | undefined;
  audit: () => AuditLog | undefined;
  signal: AbortSignal;
}

/**
 * `POST /v1/update` asks whether an update would be let in. `GET /v1/update/SHA256` tells how much the box has
 * of a file, `PUT` with `offset` and `length` brings a part of it; `POST /v1/update/stick` takes what a
 * stick has, `POST /v1/rollback` goes back. All need the operator's certificate.
 */
export class UpdateHttp {
  readonly #parts: UpdateHttpParts;
  readonly #byPath: Readonly<Record<string, (asked: Asked) => Promise<void>>> = {
    [ANNOUNCE]: (asked) => this.#announcement(asked),
    [STICK]: (asked) => this.#stick(asked),
    [ROLLBACK]: (asked) => this.#rollback(asked),
  };

  constructor(parts: UpdateHttpParts) {
    this.#parts = parts;
  }

  handles(path: string): boolean {
    return path in this.#byPath || path.startsWith(FILES);
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
      const asked = { updater, path, query, incoming, outgoing, operator };
      await (this.#byPath[path]?.(asked) ?? this.#file(asked));
    } catch (error) {
      if (!(error instanceof CpiabError)) throw error;
      answerJson(outgoing, 422, error);
    }
  }

  async #announcement({ updater, incoming, outgoing, operator }: Asked): Promise<void> {
    if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only POST\n');
    const announced = await announcementOf(incoming, outgoing);
    if (announced === null) return;
    const papers = new Map(
      Object.entries(announced.papers).map(([name, text]) => [name, Buffer.from(text, 'base64')]),
    );
    const manifest = await this.#noted(operator, 'an announced version', () =>
      updater.announce(announced.base, papers),
    );
    answerJson(outgoing, 200, { admitted: versionText(manifest) });
  }

  async #stick({ updater, incoming, outgoing, operator }: Asked): Promise<void> {
    if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only POST\n');
    await this.#note('update', operator, 'a stick', 'begun');
    await this.#noted(operator, 'a stick', () => updater.fromStick(this.#parts.signal));
    answerJson(outgoing, 202, updater.status);
  }

  async #file({ updater, path, query, incoming, outgoing, operator }: Asked): Promise<void> {
    const digest = DigestSchema.safeParse(digestOf(path.slice(FILES.length)));
    if (!digest.success) return answerText(outgoing, 404, 'no such file\n');
    if (incoming.method === 'GET')
      return answerJson(outgoing, 200, { received: await updater.received(digest.data) });
    const part = partOf(digest.data, query, Number(incoming.headers['content-length']));
    if (incoming.method !== 'PUT' || part === null)
      return answerText(outgoing, 400, 'not a part of a file\n');
    if (part.offset === 0) await this.#note('update', operator, part.digest, 'begun');
    answerJson(outgoing, 200, { received: await updater.receive(part, incoming, this.#parts.signal) });
  }

  async #rollback({ updater, incoming, outgoing, operator }: Asked): Promise<void> {
    if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only POST\n');
    await this.#note('rollback', operator, 'the other slot', 'begun');
    await updater.rollback(this.#parts.signal);
    answerJson(outgoing, 202, updater.status);
  }

  /** Does what an operator asks for; a refusal is written down. */
  async #noted<Result>(operator: Operator, subject: string, act: () => Promise<Result>): Promise<Result> {
    return await act().catch(async (error: unknown) => {
      const why = error instanceof CpiabError ? `CPIAB-${error.code} ${error.message}` : String(error);
      await this.#note('update', operator, subject, 'refused', why);
      throw error;
    });
  }

  async #note(
    action: 'update' | 'rollback',
    who: Operator,
    subject: string,
    outcome: AuditEvent['outcome'],
    detail = '',
  ): Promise<void> {
    await this.#parts.audit()?.record({ who, action, subject, outcome, detail });
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
