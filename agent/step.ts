import type { Phase } from '../contract/status.ts';
import type { Board } from './board.ts';

export interface StepContext {
  signal: AbortSignal;
  /** Tells what the step is at. */
  progress(detail: string): void;
}

/** One step of the boot. Idempotent: it may run again after a failure, a restart of the agent, a power cut. */
export interface Step {
  name: Exclude<Phase, 'ready' | 'failed'>;
  /** What it does, for people. */
  does: string;
  /** Work that may begin before the step's turn; it waits itself for the facts it needs. */
  early?(board: Board, signal: AbortSignal): Promise<void>;
  /** Gives the evidence that it is done. */
  run(board: Board, context: StepContext): Promise<string>;
}
