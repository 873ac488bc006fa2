import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupRecord } from '../../contract/backup.ts';
import { messageOf } from '../../contract/message-of.ts';
import { theBox } from '../audit/log.ts';
import type { Board } from '../board.ts';
import type { Problem } from '../report/report.ts';
import type { Backups } from './backups.ts';
import { BackupCopies } from './copies.ts';

const LOOK_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Shows what backups there are, and makes those that the site wants, until the signal. */
export async function keepBackups(
  board: Board,
  backups: Backups,
  wall: () => number,
  signal: AbortSignal,
): Promise<void> {
  const { site, report } = board;
  const everyHours = site.backup?.everyHours ?? null;
  const began = wall();
  let last: BackupRecord | undefined;
  let failure = '';
  const copies = site.backup?.disk ? new BackupCopies(board, backups.store, site.backup) : null;
  board.put('overdue', () => overdue(last, began, everyHours, wall(), failure));
  for (;;) {
    const all = await backups.store.list();
    last = all.at(-1);
    const disk =
      copies === null
        ? null
        : await copies.bring(
            all.findLast(({ scheduled }) => scheduled),
            signal,
          );
    report.observe({ backup: { newest: last?.created ?? null, count: all.length, everyHours, disk } });
    report.lasting('backup-disk', copies?.overdue(began, wall()) ?? null);
    const isDue = isBackupDue(all, everyHours, wall()) && report.snapshot().phase === 'ready';
    if (isDue) failure = await makeOne(board, backups, signal);
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** A clock that was set back makes one at once: better one too many. */
export function isBackupDue(all: readonly BackupRecord[], everyHours: number | null, now: number): boolean {
  if (everyHours === null) return false;
  const newest = all.findLast(({ scheduled }) => scheduled);
  if (newest === undefined) return true;
  const age = now - Date.parse(newest.created);
  return age >= everyHours * HOUR_MS || age < 0;
}

/** Told when the newest is older than two periods, or there is none two periods after the start. */
export function overdue(
  newest: Pick<BackupRecord, 'created'> | undefined,
  began: number,
  everyHours: number | null,
  now: number,
  failure: string,
): Problem | null {
  if (everyHours === null) return null;
  const since = newest === undefined ? began : Date.parse(newest.created);
  if (now - since <= 2 * everyHours * HOUR_MS) return null;
  const why = failure === '' ? '' : `: ${failure}`;
  return {
    problem: `the newest backup is older than ${2 * everyHours} h${why}`,
    nextAction: 'make one with `cpiab backup`; when that works too, look whether the data disk is full',
  };
}

/** @returns why it failed; empty when it did not. */
async function makeOne(board: Board, backups: Backups, signal: AbortSignal): Promise<string> {
  const { backup } = board.site;
  const log = board.peek('audit');
  if (backup === undefined || log === undefined) return '';
  try {
    const event = { who: theBox, action: 'backup', subject: 'box', detail: 'by the schedule' } as const;
    await log.around(event, () => backups.create({ recipients: backup.recipients, scheduled: true }, signal));
    await backups.store.prune(backup.keep);
    return '';
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}
