import type { ServerResponse } from 'node:http';

/** Well below what either end takes for a broken connection. */
const EVERY_MS = 20_000;

/** As long as work for an answer of lines lasts, writes an empty one now and then. */
export async function withSignsOfLife<Result>(
  outgoing: Pick<ServerResponse, 'write'>,
  work: () => Promise<Result>,
  everyMs = EVERY_MS,
): Promise<Result> {
  const timer = setInterval(() => outgoing.write('\n'), everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
