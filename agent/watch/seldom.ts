/** What an answer costs is paid once in so many milliseconds. */
export function seldom<Answer>(
  ms: number,
  ask: (signal: AbortSignal) => Promise<Answer>,
): (signal: AbortSignal) => Promise<Answer> {
  let last: { answer: Answer; at: number } | null = null;
  return async (signal) => {
    const at = performance.now();
    if (last === null || at - last.at > ms) last = { answer: await ask(signal), at };
    return last.answer;
  };
}
