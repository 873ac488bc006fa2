import { rm } from 'node:fs/promises';
import { units } from '../../contract/layout.ts';
import { run } from '../../host/process.ts';
import type { Board } from '../board.ts';
import { journal } from '../report/journal.ts';
import type { Joining } from './joining.ts';

/**
 * Ends everything of the cluster here and forgets the box; the next start of the agent finds a machine that never joined.
 * On a machine that runs another system, it all goes, this agent too.
 */
export async function leave(board: Board, { store, guest }: Joining, signal: AbortSignal): Promise<void> {
  journal('info', { leaving: board.report.snapshot().node?.box });
  if (guest) return void (await run(['systemctl', 'start', '--no-block', units.leave], { signal }));
  await board.get('engine').reset(signal);
  await rm(store.directory, { recursive: true });
  board.abandon(new Error('the box has removed this node'));
}
