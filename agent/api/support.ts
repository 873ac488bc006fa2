import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditLog } from '../audit/log.ts';
import type { Seal } from '../seal.ts';
import { writeSupportBundle } from '../support/bundle.ts';
import type { SupportSources } from '../support/parts.ts';
import { answerText, notYet } from './answer.ts';
import type { Operator } from './operator.ts';

const LONGEST_MS = 300_000;

/** Gives a support bundle to an operator: one at a time, and written down before it is made. */
export class SupportDesk {
  readonly #sources: SupportSources;
  readonly #seal: () => Seal | undefined;
  #busy = false;

  constructor(sources: SupportSources, seal: () => Seal | undefined) {
    this.#sources = sources;
    this.#seal = seal;
  }

  async answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const [log, seal] = [this.#sources.audit(), this.#seal()];
    if (incoming.method !== 'GET') return answerText(outgoing, 405, 'only GET\n');
    if (operator === null)
      return answerText(outgoing, 403, 'a support bundle needs the operator certificate of this site\n');
    if (log === undefined || seal === undefined) return notYet(outgoing);
    if (this.#busy) return answerText(outgoing, 503, 'another support bundle is being made\n');
    this.#busy = true;
    try {
      await this.#give(outgoing, operator, log, seal);
    } finally {
      this.#busy = false;
    }
  }

  async #give(outgoing: ServerResponse, operator: Operator, log: AuditLog, seal: Seal): Promise<void> {
    const who = { name: operator.name, fingerprint: operator.fingerprint };
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(LONGEST_MS)]);
    await log.around({ who, action: 'support-bundle', subject: 'box', detail: '' }, async () => {
      outgoing.writeHead(200, {
        'content-type': 'application/zstd',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      await writeSupportBundle({ sources: this.#sources, seal, now: new Date() }, outgoing, signal);
    });
  }
}
