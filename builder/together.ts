/** Pieces of work, each of which stops when its signal says so. */
type Works<Results extends readonly unknown[]> = {
  [Index in keyof Results]: (signal: AbortSignal) => Promise<Results[Index]>;
};

/**
 * Does several things at once. When one fails the others are stopped and waited for, so that nothing goes
 * on behind the error.
 * @throws what the first of them to fail threw.
 */
export async function together<const Results extends readonly unknown[]>(
  works: Works<Results>,
  signal: AbortSignal,
): Promise<Results> {
  const failed = new AbortController();
  const errors: unknown[] = [];
  const either = AbortSignal.any([signal, failed.signal]);
  const running = works.map(async (work) => {
    try {
      return await work(either);
    } catch (error) {
      errors.push(error);
      failed.abort(error);
      throw error;
    }
  });
  const settled = await Promise.allSettled(running);
  if (errors.length > 0) throw errors[0];
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : undefined)) as unknown as Results;
}
