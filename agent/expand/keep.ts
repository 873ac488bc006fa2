import { setTimeout as sleep } from 'node:timers/promises';
import type { Board } from '../board.ts';
import { journal } from '../report/journal.ts';
import { Expander } from './expander.ts';

const LOOK_MS = 2000;
const IDLE_MS = 5000;

/** What an expansion takes from the board, when enrolment is open. @param clock milliseconds. */
export async function openExpander(
  board: Board,
  clock: { wall: () => number; uptime: () => number },
): Promise<Expander> {
  const { paths, site, report } = board;
  return await Expander.open({
    ...{ file: paths.expansion, pools: site.nodes.pools, report, clock },
    ...{ enrollment: board.get('enrollment'), audit: board.get('audit') },
    inventory: () => board.peek('discovery')?.document(),
  });
}

/** Does what was approved, step by step, as long as the box runs. */
export async function expandAlways(board: Board, signal: AbortSignal): Promise<void> {
  const expander = await board.when('expander');
  const kube = await board.when('kube');
  for (;;) {
    await expander.turn(kube, signal).catch((error: Error) => {
      signal.throwIfAborted();
      journal('warn', { expansion: error.message });
    });
    await sleep(expander.isActive ? LOOK_MS : IDLE_MS, undefined, { signal });
  }
}
