import { flux } from '../../../contract/layout.ts';
import { messageOf } from '../../../contract/message-of.ts';
import type { Operator } from '../../api/operator.ts';
import type { AuditLog } from '../../audit/log.ts';
import type { Counters } from '../../metrics/counters.ts';
import type { GitRepository } from './repository.ts';

/** What became of a push, and what git was told about it. */
export interface PushResult {
  taken: boolean;
  note: string;
}

/** Writes pushes down: that one begins, before git sees it, and what became of the branch. */
export class PushRecord {
  readonly #repository: Pick<GitRepository, 'head'>;
  readonly #log: () => AuditLog | undefined;
  readonly #counters: Counters;

  constructor(repository: Pick<GitRepository, 'head'>, log: () => AuditLog | undefined, counters: Counters) {
    this.#repository = repository;
    this.#log = log;
    this.#counters = counters;
  }

  /** @param subject the repository. @throws when it can't be written down; then nothing was done. */
  async around(
    { name, fingerprint }: Operator,
    subject: string,
    push: () => Promise<PushResult>,
  ): Promise<void> {
    const log = this.#log();
    if (log === undefined)
      throw new Error('the audit log is not open: nothing is changed that is not written down');
    const { id: before } = await this.#repository.head();
    const event = { who: { name, fingerprint }, action: 'push', subject } as const;
    await log.record({ ...event, outcome: 'begun', detail: `${flux.branch} is at ${before}` });
    let result: PushResult;
    try {
      result = await push();
    } catch (error) {
      const detail = messageOf(error);
      this.#counters.add('pushes', { outcome: 'failed' });
      await log.record({ ...event, outcome: 'failed', detail });
      throw error;
    }
    const { id: after } = await this.#repository.head();
    const branch =
      after === before
        ? `${flux.branch} stays at ${before}`
        : `${flux.branch} went from ${before} to ${after}`;
    const outcome = result.taken ? 'done' : 'refused';
    this.#counters.add('pushes', { outcome });
    await log.record({ ...event, outcome, detail: `${branch}; ${result.note}` });
  }
}
