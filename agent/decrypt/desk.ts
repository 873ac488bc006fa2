import type { IncomingMessage, ServerResponse } from 'node:http';
import { DecryptionKeySchema, type Unlocked } from '../../contract/secrets.ts';
import { recipientOf } from '../../host/age/keys.ts';
import { answerJson, answerText, notYet } from '../api/answer.ts';
import { takeCommand } from '../api/command.ts';
import type { Operator } from '../api/operator.ts';
import type { Board } from '../board.ts';
import { applyDecryptionKey, keepDecryptionKey } from './key.ts';

const LARGEST_REQUEST = 1 << 12;
const LONGEST_MS = 60_000;

/**
 * `POST /v1/secrets/key`: an operator hands over the keys that the Secrets in Git are encrypted for. Which keys,
 * by their public halves, is written down before they are kept.
 */
export class DecryptionDesk {
  readonly #board: Board;

  constructor(board: Board) {
    this.#board = board;
  }

  async answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const command = await takeCommand(incoming, outgoing, operator, {
      ...{ limit: LARGEST_REQUEST, schema: DecryptionKeySchema },
      ...{ what: 'keys of age', log: this.#board.peek('audit') },
    });
    if (command === null) return;
    // A machine that serves no Git has nothing to decrypt, and is given no key.
    if (this.#board.peek('served') === undefined) return notYet(outgoing);
    const { request, who, log } = command;
    const recipients = request.identities.map(recipientOf).filter((one) => one !== null);
    if (recipients.length < request.identities.length)
      return answerText(outgoing, 400, 'one of the keys is damaged\n');
    const event = { who, action: 'unlock', subject: 'secrets', detail: recipients.join(' ') } as const;
    const applied = await log.around(event, () => this.#take(request.identities));
    const unlocked: Unlocked = { recipients, applied };
    answerJson(outgoing, 200, unlocked);
  }

  async #take(identities: readonly string[]): Promise<boolean> {
    const { ageKey } = this.#board.paths;
    await keepDecryptionKey(ageKey, identities);
    const kube = this.#board.peek('kube');
    return kube !== undefined && (await applyDecryptionKey(kube, ageKey, AbortSignal.timeout(LONGEST_MS)));
  }
}
