import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../contract/message-of.ts';
import type { Board } from '../board.ts';
import type { Problem } from '../report/report.ts';
import { observe, observeMachine } from './observe.ts';

/**
 * Looks again and again, until the signal: at the cluster once the steps, which look at it themselves, are through. A look
 * that fails is told once, and tried again.
 */
export async function observeAlways(board: Board, intervalMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    await lookOnce(board, signal);
    await sleep(intervalMs, undefined, { signal });
  }
}

async function lookOnce(board: Board, signal: AbortSignal): Promise<void> {
  const { phase } = board.report.snapshot();
  const look = phase === 'ready' || phase === 'failed' ? observe : observeMachine;
  const failure = await look(board, signal).then(
    () => null,
    (error: unknown) => error,
  );
  signal.throwIfAborted();
  board.counters.add('observations', { result: failure === null ? 'done' : 'failed' });
  // Before that, the step at hand has its own say.
  if (board.report.snapshot().phase === 'ready')
    board.report.warn(failure === null ? (board.peek('overdue')?.() ?? null) : unobserved(failure));
}

function unobserved(failure: unknown): Problem {
  const why = messageOf(failure);
  return {
    problem: `the cluster cannot be observed: ${why}`,
    nextAction:
      'wait a minute; if this stays, restart the box: what it holds is kept when its state is on disk',
  };
}
