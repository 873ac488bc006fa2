import { setTimeout as sleep } from 'node:timers/promises';
import type { Board } from '../board.ts';
import type { Blocking } from '../observe/holding.ts';
import { observe } from '../observe/observe.ts';
import { look, type Progress } from '../observe/progress.ts';
import type { StepContext } from '../step.ts';

const POLL_MS = 1000;
/** Looking for what holds things back costs the API server more than the short list. */
const EXPLAIN_EVERY = 4;

/** Waits until everything in Git is applied and ready, and tells meanwhile what holds it back. */
export async function converge(board: Board, { signal, progress }: StepContext): Promise<string> {
  const kube = board.get('kube');
  for (let round = 0; ; round++) {
    const { head } = board.report.snapshot().git;
    const found = await look(kube, head ?? '', round % EXPLAIN_EVERY === 0, signal).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        // The API server may be busy or restarting; that is for it to get over.
        progress(`the API server does not answer: ${error instanceof Error ? error.message : String(error)}`);
        return null;
      },
    );
    if (found !== null) {
      tell(board, found, progress);
      if (isDone(found)) break;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  await board.get('server').complete;
  await observe(board, signal);
  const { flux: counted, git } = board.report.snapshot();
  return `${counted.total} Kustomizations ready at ${git.head?.slice(0, 12)}`;
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
