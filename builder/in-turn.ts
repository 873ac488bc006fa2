import { together } from './together.ts';

/** How many at a time, and until when. */
export interface Turns {
  parallel: number;
  signal: AbortSignal;
}

/** Does the work for every item, some at a time; results in the items' order. @throws what the first to fail threw. */
export async function inTurn<Item, Result>(
  items: Iterable<Item>,
  { parallel, signal }: Turns,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = [...items].entries();
  const worker = async (stop: AbortSignal) => {
    for (const [index, item] of left) results[index] = await work(item, stop);
  };
  await together(
    Array.from({ length: parallel }, () => worker),
    signal,
  );
  return results;
}
