import type { IncomingMessage, ServerResponse } from 'node:http';
import { CpiabError } from '../../contract/errors.ts';
import { InstallRequestSchema } from '../../contract/install.ts';
import type { AuditLog } from '../audit/log.ts';
import { describe } from '../install/choose.ts';
import type { DiskQuestion } from '../install/question.ts';
import { answerOutcome, takeCommand } from './command.ts';
import type { Operator } from './operator.ts';

export const installPath = '/v1/install';
const LARGEST_REQUEST = 1 << 12;

interface Sources {
  /** Undefined where the box does not install itself by asking. */
  question: () => DiskQuestion | undefined;
  audit: () => AuditLog | undefined;
}

/** `POST /v1/install`: an operator names the disk that the box asks for. It is written down before the box goes on. */
export class InstallDesk {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  async answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    operator: Operator | null,
  ): Promise<void> {
    const command = await takeCommand(incoming, outgoing, operator, {
      ...{ limit: LARGEST_REQUEST, schema: InstallRequestSchema },
      ...{ what: 'a disk, and whether to erase it', log: this.#sources.audit() },
    });
    if (command === null) return;
    const { request, who, log } = command;
    const subject = JSON.stringify(request.disk);
    const detail = request.erase ? 'whatever it holds' : '';
    const event = { who, action: 'install', subject, detail } as const;
    await answerOutcome(outgoing, 202, async () => {
      const disk = await log.around(event, async () => {
        const question = this.#sources.question();
        if (question === undefined) throw new CpiabError('E1307', { subject: 'this box' });
        return question.answer(request);
      });
      return { disk: describe(disk) };
    });
  }
}
