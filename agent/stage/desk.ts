import { verify, type X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { CpiabError } from '../../contract/errors.ts';
import { type StageCompletion, StageSignatureSchema, signedText } from '../../contract/stage.ts';
import { answerJson, answerText, notYet } from '../api/answer.ts';
import { answerOutcome, type Command, takeCommand } from '../api/command.ts';
import type { Operator } from '../api/operator.ts';
import { withRole } from '../api/roles.ts';
import type { Board } from '../board.ts';
import { InTurn } from '../in-turn.ts';
import { latestReport } from '../postcheck/store.ts';
import { gateOf } from './gate.ts';
import { completedStages, keepStages } from './store.ts';

const LARGEST_REQUEST = 1 << 14;

/**
 * `GET /v1/stages`: how far the site is. `POST`: an administrator signs that a stage is complete; that he may is decided
 * here, by what the box itself found last, and both the signature and a refusal are written down.
 */
export class StageDesk {
  readonly #board: Board;
  /** Two signatures at once must not complete two stages. */
  readonly #turns = new InTurn();

  constructor(board: Board) {
    this.#board = board;
  }

  async answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    if (operator === null)
      return answerText(outgoing, 403, 'stages need the operator certificate of this site\n');
    if (this.#board.peek('git') === undefined) return notYet(outgoing);
    if (incoming.method === 'GET') return answerJson(outgoing, 200, await this.#gate());
    if (incoming.method !== 'POST') return answerText(outgoing, 405, 'only GET and POST\n');
    const admin = withRole(operator, 'admin');
    if (admin === null) return answerText(outgoing, 403, 'completing a stage is for administrators\n');
    const command = await takeCommand(incoming, outgoing, admin, {
      ...{ limit: LARGEST_REQUEST, schema: StageSignatureSchema, what: 'a statement and its signature' },
      log: this.#board.peek('audit'),
    });
    if (command === null) return;
    const certificate = certificateOf(incoming);
    await answerOutcome(outgoing, 200, () =>
      this.#turns.run('stages', () => this.#complete(command, certificate)),
    );
  }

  async #gate() {
    const { paths, site } = this.#board;
    const { id: head } = await this.#board.get('git').head();
    const { sequence } = this.#board.get('manifest');
    const completed = await completedStages(paths.stages);
    const report = await latestReport(paths.postcheck);
    return gateOf({ site: site.name, completed, report, head, sequence });
  }

  async #complete(
    { request: { statement, signature }, who, log }: Command<z.infer<typeof StageSignatureSchema>>,
    certificate: X509Certificate,
  ): Promise<StageCompletion> {
    const gate = await this.#gate();
    const subject = `stage ${statement.stage}`;
    const refuse = async (why: string) => {
      await log.record({ who, action: 'stage', subject, outcome: 'refused', detail: why });
      throw new CpiabError('E5611', { subject, args: [why] });
    };
    if (statement.stage !== gate.open) await refuse(`stage ${gate.open} is the one that is open`);
    if (gate.lacking !== null) await refuse(gate.lacking);
    if (!isDeepStrictEqual(statement, gate.statement)) await refuse('the box is not as the statement says');
    const text = Buffer.from(signedText(statement));
    if (!verify('sha256', text, certificate.publicKey, Buffer.from(signature, 'base64')))
      await refuse('the signature is not by the key of the certificate');
    const detail = `${statement.revision} post-check ${statement.postcheck.sha256} signature ${signature}`;
    return await log.around({ who, action: 'stage', subject, detail }, async () => {
      const time = new Date().toISOString();
      const completion = { statement, signature, by: who.name, certificate: certificate.toString(), time };
      await keepStages(this.#board.paths.stages, [...gate.completed, completion]);
      return completion;
    });
  }
}

/** The certificate that the connection was made with: the same that says who the operator is. */
function certificateOf({ socket }: IncomingMessage): X509Certificate {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) throw new Error('an operator without a certificate');
  return certificate;
}
