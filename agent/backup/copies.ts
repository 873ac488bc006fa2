import type { BackupRecord } from '../../contract/backup.ts';
import { backupLabel } from '../../contract/layout.ts';
import { messageOf } from '../../contract/message-of.ts';
import type { BoxStatus } from '../../contract/status.ts';
import type { Board } from '../board.ts';
import type { Problem } from '../report/report.ts';
import { copyToDisk } from './disk.ts';
import type { BackupStore } from './store.ts';

type DiskStatus = NonNullable<BoxStatus['backup']['disk']>;
const HOUR_MS = 3_600_000;

/** Brings the newest backup to the disk for copies, as soon as both are there. */
export class BackupCopies {
  readonly #board: Board;
  readonly #store: BackupStore;
  readonly #policy: { keep: number; everyHours: number };
  /** Name of the backup that was brought last, null for a look without one; undefined before the first. */
  #copied: string | null | undefined;
  #status: DiskStatus = { newest: null, count: 0, problem: '' };

  constructor(board: Board, store: BackupStore, policy: { keep: number; everyHours: number }) {
    this.#board = board;
    this.#store = store;
    this.#policy = policy;
  }

  /** @param record the backup to bring; undefined where there is none yet. */
  async bring(record: BackupRecord | undefined, signal: AbortSignal): Promise<DiskStatus> {
    const name = record?.name ?? null;
    if (this.#copied === name) return this.#status;
    const { site, paths, report } = this.#board;
    const from = record === undefined ? null : { store: this.#store, record };
    const { keep } = this.#policy;
    const options = { scratch: paths.run, site: site.name, boxId: report.snapshot().box.id, keep };
    try {
      this.#status = { ...(await copyToDisk(from, options, signal)), problem: '' };
      this.#copied = name;
    } catch (error) {
      signal.throwIfAborted();
      this.#status = { ...this.#status, problem: messageOf(error) };
    }
    return this.#status;
  }

  /** Told when the newest copy is older than two periods. @param began when the box began to look, like `now`. */
  overdue(began: number, now: number): Problem | null {
    const hours = 2 * this.#policy.everyHours;
    const { newest, problem } = this.#status;
    if (now - (newest === null ? began : Date.parse(newest)) <= hours * HOUR_MS) return null;
    const why = problem === '' ? '' : `: ${problem}`;
    return {
      problem: `the disk labelled ${backupLabel} has no backup of the last ${hours} h${why}`,
      nextAction: `plug in one that was made with \`mkfs.ext4 -L ${backupLabel}\` and has room`,
    };
  }
}
