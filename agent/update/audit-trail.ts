import { readFile, rm } from 'node:fs/promises';
import type { AuditEvent } from '../../contract/audit-log.ts';
import { type UpdateRecord, versionText } from '../../contract/update.ts';
import { writeAtomic } from '../../host/files.ts';
import { theBox } from '../audit/log.ts';
import type { UpdaterOptions } from './options.ts';

/**
 * Brings each turn of a change of version into the audit log: staged, and how it ended. The log opens later
 * than the journal, and the version that sees the end may not be the one that caused it; so a file says what
 * the log has. A cut between the two writes gives an entry twice, never none.
 */
export class AuditTrail {
  readonly #path: string;
  readonly #log: UpdaterOptions['audit'];

  /** @param path file beside the journal. @param log undefined until it is open. */
  constructor(path: string, log: UpdaterOptions['audit']) {
    this.#path = path;
    this.#log = log;
  }

  /** Writes down what the log lacks of a record. Without a log, a later call does. */
  async follow(record: UpdateRecord): Promise<void> {
    // The same file may be refused for the same reason a second time.
    if (['copying', 'staging'].includes(record.state) && record.attempts === 0)
      await rm(this.#path, { force: true });
    const event = eventOf(record);
    const log = this.#log();
    if (event === null || log === undefined) return;
    const text = `${JSON.stringify(event)}\n`;
    if ((await readFile(this.#path, 'utf8').catch(() => '')) === text) return;
    await log.record({ who: theBox, ...event });
    await writeAtomic(this.#path, text);
  }
}

type Turn = Omit<AuditEvent, 'who'>;

/** What the log says of a state; null for one that it learns of by what comes before or after. */
function eventOf({ what, state, from, to, file, reason }: UpdateRecord): Turn | null {
  const subject = to === null ? (file ?? 'the other slot') : versionText(to);
  const turns: Record<UpdateRecord['state'], Pick<Turn, 'outcome' | 'detail'> | null> = {
    copying: null,
    staging: null,
    switching: {
      outcome: 'begun',
      detail: `in the other slot, which gets its tries; ${versionText(from)} runs`,
    },
    trial: null,
    committed: { outcome: 'done', detail: `committed, after ${versionText(from)}` },
    'fell-back': { outcome: 'failed', detail: `fell back to ${versionText(from)}: ${reason ?? 'unknown'}` },
    refused: { outcome: 'refused', detail: reason ?? 'unknown' },
  };
  const turn = turns[state];
  return turn === null ? null : { action: what, subject, ...turn };
}
