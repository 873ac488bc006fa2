import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../contract/message-of.ts';
import type { PostcheckLine } from '../../contract/postcheck.ts';
import { answerJson, answerText, notWritten, notYet } from '../api/answer.ts';
import type { Operator } from '../api/operator.ts';
import { withSignsOfLife } from '../api/signs-of-life.ts';
import type { AuditLog } from '../audit/log.ts';
import type { Board } from '../board.ts';
import { journal } from '../report/journal.ts';
import { patient } from './patient.ts';
import { runPostcheck } from './run.ts';
import { keepReport, latestReport } from './store.ts';

const LONGEST_MS = patient(900_000);

/**
 * `POST /v1/postcheck`: the box checks itself, one run at a time, and tells each check as it ends. Who asked is written
 * down first. `GET` gives the latest report, or null.
 */
export class PostcheckDesk {
  readonly #board: Board;
  #busy = false;

  constructor(board: Board) {
    this.#board = board;
  }

  async answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    if (operator === null)
      return answerText(outgoing, 403, 'a post-check needs the operator certificate of this site\n');
    if (incoming.method === 'GET')
      return answerJson(outgoing, 200, await latestReport(this.#board.paths.postcheck));
    if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only GET and POST\n');
    if (this.#board.peek('kube') === undefined) return notYet(outgoing);
    const log = this.#board.peek('audit');
    if (log === undefined) return notWritten(outgoing);
    if (this.#busy) return answerText(outgoing, 409, 'another post-check is under way\n');
    this.#busy = true;
    try {
      await this.#run(outgoing, operator, log);
    } finally {
      this.#busy = false;
    }
  }

  async #run(outgoing: ServerResponse, operator: Operator, log: AuditLog): Promise<void> {
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(LONGEST_MS)]);
    const say = (line: PostcheckLine) => outgoing.write(`${JSON.stringify(line)}\n`);
    const who = { name: operator.name, fingerprint: operator.fingerprint };
    const event = { who, action: 'postcheck', subject: this.#board.site.name } as const;
    await log.record({ ...event, outcome: 'begun', detail: '' });
    outgoing.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    try {
      const report = await withSignsOfLife(outgoing, () =>
        runPostcheck(this.#board, (check, of) => say({ check, of }), Date.now, signal),
      );
      await keepReport(this.#board.paths.postcheck, report);
      const detail = `${report.verdict} at ${report.revision}`;
      await log.record({ ...event, outcome: 'done', detail });
      say({ report });
      outgoing.end();
    } catch (error) {
      const detail = messageOf(error);
      journal('error', { postcheck: detail });
      await log.record({ ...event, outcome: 'failed', detail });
      outgoing.destroy();
    }
  }
}
