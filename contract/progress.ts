import type { DriftEntry } from './lock-drift.ts';
import { messageOf } from './message-of.ts';
import type { Estimate, PreflightCheck } from './preflight.ts';

/** What a part is doing. A `stage` holds other parts. */
export type Phase = 'stage' | 'download' | 'compile' | 'assemble' | 'write' | 'check';

/** One piece of work. */
export interface ProgressPart {
  id: string;
  title: string;
  phase?: Phase;
  /** Bytes that it will take, where that is known. */
  total?: number;
}

/**
 * Something that a long piece of work reports about one of its parts. `id` is the same from `start` to
 * the end of the part; parts may overlap. Reports are for people and logs, nothing decides by them.
 */
export type ProgressEvent =
  /** `expectedMs`: how long it took the last time on this machine. */
  | ({ type: 'start'; detail?: string; expectedMs?: number } & ProgressPart)
  /** `bytes`: all so far. */
  | { type: 'progress'; id: string; detail?: string; bytes?: number; total?: number; phase?: Phase }
  | { type: 'done'; id: string; detail?: string; tookMs: number; bytes?: number; cached?: boolean }
  | { type: 'skip'; id: string; title: string; detail: string }
  | { type: 'fail'; id: string; detail: string; tookMs: number }
  | { type: 'note'; detail: string }
  /** What a lock that was made anew has otherwise than the one before. */
  | { type: 'drift'; entries: readonly DriftEntry[] }
  /** What was looked at before the work, and how long that will take. */
  | { type: 'preflight'; checks: readonly PreflightCheck[]; estimate: Estimate };

/** Takes reports; never throws, never waits. */
export type ProgressSink = (event: ProgressEvent) => void;

/**
 * Reports one part's start and end around its work.
 * @param describe what to say of the result: whether the cache had it, its bytes, a detail.
 */
export async function tracked<Result>(
  sink: ProgressSink,
  part: ProgressPart,
  work: () => Promise<Result>,
  describe: (result: Result) => { cached?: boolean; bytes?: number; detail?: string } = () => ({}),
): Promise<Result> {
  const started = performance.now();
  const tookMs = () => Math.round(performance.now() - started);
  sink({ type: 'start', ...part });
  try {
    const result = await work();
    sink({ type: 'done', id: part.id, tookMs: tookMs(), ...describe(result) });
    return result;
  } catch (error) {
    sink({
      type: 'fail',
      id: part.id,
      detail: messageOf(error),
      tookMs: tookMs(),
    });
    throw error;
  }
}
