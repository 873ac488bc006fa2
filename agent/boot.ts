import { CpiabError } from '../contract/errors.ts';
import { messageOf } from '../contract/message-of.ts';
import type { Board } from './board.ts';
import type { Problem } from './report/report.ts';
import type { Step } from './step.ts';

/** After so many failures in a row, more than a minute and a half, a person is called; the box goes on trying. */
const PATIENCE = 7;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 30_000;

/** Waits; rejects when aborted. The clock is passed in. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * Runs the steps in order. Each may have begun part of its work before. A step that fails is tried
 * again, but for what must not be: a bundle that isn't what its signature says, a disk that holds data.
 * @returns false when a person must act first.
 */
export async function boot(
  steps: readonly Step[],
  board: Board,
  pause: Pause,
  signal: AbortSignal,
): Promise<boolean> {
  const early = new Map(steps.map((step) => [step.name, begin(step, board, signal)]));
  for (const step of steps) {
    if (!(await runStep(step, board, pause, signal, early.get(step.name)))) return false;
  }
  board.report.ready();
  return true;
}

async function runStep(
  step: Step,
  board: Board,
  pause: Pause,
  signal: AbortSignal,
  begun: Promise<unknown> | undefined,
): Promise<boolean> {
  const { report } = board;
  let early = begun;
  for (let tries = 1; ; tries++) {
    report.begin(step.name);
    try {
      const failure = await early;
      if (failure !== undefined) throw failure;
      const progress = (detail: string) => report.progress(step.name, detail);
      report.done(step.name, await step.run(board, { signal, progress }));
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const final = isFinal(error);
      report.failed(step.name, problemOf(step, error), final || tries >= PATIENCE);
      if (final) return false;
    }
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS), signal);
    early = begin(step, board, signal);
  }
}

/** Starts a step's early work; a failure is kept until its turn. */
function begin(step: Step, board: Board, signal: AbortSignal): Promise<unknown> {
  return (step.early?.(board, signal) ?? Promise.resolve()).then(
    () => undefined,
    (error: unknown) => error ?? new Error('failed'),
  );
}

/** Not verified, or nothing that can be done: trying again would give the same, until a person changes something. */
const isFinal = (error: unknown) => error instanceof CpiabError && (error.exit === 3 || error.exit === 2);

function problemOf(step: Step, error: unknown): Problem {
  const why = messageOf(error);
  const known =
    error instanceof CpiabError ? error : new CpiabError('E5101', { subject: step.name, args: [why] });
  return {
    problem: `${known.subject}: ${known.message}`,
    nextAction: known.hint,
    code: `CPIAB-${known.code}`,
  };
}
