import { type ProgressSink, tracked } from '../../contract/progress.ts';

/** Reports come this many bytes apart: enough to see that it moves, few enough for a log. */
const STEP = 16 << 20;

/** Reports one part's start, how many bytes it has done, and its end. */
export async function trackedBytes<Result>(
  sink: ProgressSink,
  part: { id: string; title: string },
  work: (onBytes: (more: number) => void) => Promise<Result>,
  describe: (result: Result) => { detail?: string } = () => ({}),
): Promise<Result> {
  let bytes = 0;
  const count = (more: number) => {
    bytes += more;
    if (Math.floor(bytes / STEP) > Math.floor((bytes - more) / STEP))
      sink({ type: 'progress', id: part.id, bytes });
  };
  return await tracked(
    sink,
    part,
    () => work(count),
    (result) => ({ bytes, ...describe(result) }),
  );
}
