/** Results in the order of what they are of, of so much work at once. */
export async function inOrder<Each, Result>(
  all: readonly Each[],
  atOnce: number,
  work: (each: Each) => Promise<Result>,
): Promise<Result[]> {
  const waiting = all.entries();
  const done: Result[] = [];
  const worker = async () => {
    for (const [index, each] of waiting) done[index] = await work(each);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}
