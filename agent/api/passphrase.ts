import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Encryption } from '../../contract/encryption.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type PassphraseChange, PassphraseChangeSchema } from '../../contract/passphrase.ts';
import type { AuditLog } from '../audit/log.ts';
import { InTurn } from '../in-turn.ts';
import { answerOutcome, type Command, takeCommand } from './command.ts';
import type { Operator } from './operator.ts';

const LARGEST_REQUEST = 1 << 13;

interface Sources {
  /** What opens the state. */
  encryption: () => Encryption;
  audit: () => AuditLog | undefined;
  change: (change: PassphraseChange) => Promise<void>;
}

/** `POST /v1/passphrase`: an operator changes what opens the state. Who did it is written down first, and no passphrase. */
export class PassphraseDesk {
  readonly #sources: Sources;
  /** Each takes the old one of the one before as given. */
  readonly #turns = new InTurn();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  async answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const command = await takeCommand(incoming, outgoing, operator, {
      ...{ limit: LARGEST_REQUEST, schema: PassphraseChangeSchema, log: this.#sources.audit() },
      what: 'the old passphrase, and a new one of 12 to 512 characters of ASCII',
    });
    if (command === null) return;
    const head = { apiVersion: 'cpiab.dev/v1', kind: 'PassphraseChanged' } as const;
    await answerOutcome(outgoing, 200, async () => ({
      ...head,
      encryption: await this.#turns.run('state', () => this.#change(command)),
    }));
  }

  async #change({ request, who, log }: Command<PassphraseChange>): Promise<Encryption> {
    const encryption = this.#sources.encryption();
    const event = { who, action: 'passphrase', subject: 'state', detail: encryption } as const;
    return await log.around(event, async () => {
      if (encryption === 'none') throw new CpiabError('E5121', { subject: 'this box' });
      await this.#sources.change(request);
      return encryption;
    });
  }
}
