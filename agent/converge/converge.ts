import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../contract/message-of.ts';
import type { Board } from '../board.ts';
import type { Blocking } from '../observe/holding.ts';
import { observe } from '../observe/observe.ts';
import { look, type Progress } from '../observe/progress.ts';
import type { StepContext } from '../step.ts';

const POLL_MS = 1000;
/** A look takes half a second of a box that is short of processor time: it is left thrice that for what is waited for. */
const REST = 3;
/** Looking for what holds things back costs the API server more than the short list. */
const EXPLAIN_EVERY = 4;
/** What takes minutes is waited for by somebody who wants to see all of the box. */
const OBSERVE_EVERY = 60;

/** Waits until everything in Git is applied and ready, and tells meanwhile what holds it back. */
export async function converge(board: Board, { signal, progress }: StepContext): Promise<string> {
  for (let round = 1; ; round++) {
    const started = performance.now();
    const found = await lookOnce(board, round, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      // The API server may be busy or restarting; that is for it to get over.
      progress(`the API server does not answer: ${messageOf(error)}`);
      return null;
    });
    if (found !== null) {
      tell(board, found, progress);
      if (isDone(found)) break;
    }
    const rest = Math.max(POLL_MS, REST * (performance.now() - started));
    await sleep(rest, undefined, { signal });
  }
  await board.get('server').complete;
  await observe(board, signal);
  const { flux: counted, git } = board.report.snapshot();
  return `${counted.total} Kustomizations ready at ${git.head?.slice(0, 12)}`;
}

async function lookOnce(board: Board, round: number, signal: AbortSignal) {
  if (round % OBSERVE_EVERY === 0) await observe(board, signal);
  return await look(board, round % EXPLAIN_EVERY === 1, signal);
}

/** The root waits for all others, so without it a full count means nothing yet. */
const isDone = ({ ready, total, applied }: Progress) => total > 0 && applied !== null && ready === total;

function tell(
  board: Board,
  found: Progress & { explained: boolean },
  progress: (detail: string) => void,
): void {
  const { head } = board.report.snapshot().git;
  const { ready, total, applied, explained } = found;
  for (const name of found.done) board.report.mark(name);
  const known = board.report.snapshot().flux.blocking;
  const blocking =
    explained || ready === total ? found.blocking : [...known.filter(isHeld), ...found.blocking];
  board.report.observe({ git: { head, applied }, flux: { ready, total, blocking } });
  const [first] = blocking;
  progress(`${ready} of ${total} ready${first === undefined ? '' : `; ${first.object}: ${first.reason}`}`);
}

const isHeld = ({ object }: Blocking) => !object.startsWith('Kustomization/');
