import { join } from 'node:path';
import { run } from '../../host/process.ts';
import type { Board } from '../board.ts';
import { closed } from '../report/closed.ts';
import { findSlots } from '../slots/disk.ts';
import { mountStick } from './stick/mount.ts';
import { dismissGuard, holdTrial } from './trial.ts';
import { Updater } from './updater.ts';

/** A box whose other slot can't be looked at runs on; a wrong bundle is for the first step to tell. */
export async function openUpdates(board: Board, signal: AbortSignal): Promise<void> {
  await open(board, signal).catch((error: unknown) =>
    closed(board.report, error, {
      topic: 'updates',
      what: "the box's slots cannot be used",
      nextAction: 'restart the box; if this stays, its disk is failing: replace it',
    }),
  );
}

/** On a disk: looks where the last change of version stands, and goes on with it. */
async function open(board: Board, signal: AbortSignal): Promise<void> {
  const { paths, report, site } = board;
  const slots = await findSlots(paths.medium, paths.run);
  if (slots === null) return;
  const updater = await Updater.open(
    {
      ...{ slots, paths, tries: site.update.tries, wall: Date.now },
      trust: { keyFile: paths.siteKey, rotations: paths.rotations, site: site.name },
      // Who asked for it gets an answer first.
      restart: async () => void setTimeout(() => run(['systemctl', 'reboot']).catch(board.abandon), 1000),
      tell: (status) => report.observe(status),
      stick: (stop) => mountStick(join(paths.run, 'stick'), stop),
      audit: () => board.peek('audit'),
    },
    signal,
  );
  board.put('updater', updater);
  void board
    .when('audit')
    .then(() => updater.audit())
    .catch(board.abandon);
  await updater.resume(signal);
  if (updater.onTrial) void holdTrial(board, updater, signal).catch(board.abandon);
  else await dismissGuard(paths.run);
}
