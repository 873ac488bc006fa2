import type { DriftEntry } from './lock-drift.ts';

/**
 * Something that a long piece of work reports about one of its parts. `id` is the same from `start` to
 * the end of the part; parts may overlap. Reports are for people and logs, nothing decides by them.
 */
export type ProgressEvent =
  | { type: 'start'; id: string; title: string; detail?: string }
  | { type: 'progress'; id: string; detail?: string; bytes?: number }
  | { type: 'done'; id: string; detail?: string; tookMs: number; bytes?: number; cached?: boolean }
  | { type: 'skip'; id: string; title: string; detail: string }
  | { type: 'fail'; id: string; detail: string; tookMs: number }
  | { type: 'note'; detail: string }
  /** What a lock that was made anew has otherwise than the one before. */
  | { type: 'drift'; entries: readonly DriftEntry[] };

/** Takes reports; never throws, never waits. */
export type ProgressSink = (event: ProgressEvent) => void;

/**
 * Reports one part's start and end around its work.
 * @param describe what to say of the result: whether the cache had it, its bytes, a detail.
 */
export async function tracked<Result>(
  sink: ProgressSink,
  part: { id: string; title: string },
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
      detail: error instanceof Error ? error.message : String(error),
      tookMs: tookMs(),
    });
    throw error;
  }
}
