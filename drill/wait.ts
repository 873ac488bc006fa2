import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 300;

/** Something that did not become so in its time. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

/**
 * Asks until there is an answer.
 * @param what for the message, as in `the replica has not caught up`.
 * @throws TooLate; the signal's reason.
 */
export async function waitFor<Found>(
  look: () => Promise<Found | null>,
  { seconds, what, signal }: { seconds: number; what: string; signal: AbortSignal },
): Promise<Found> {
  const end = performance.now() + seconds * 1000;
  let last = '';
  for (;;) {
    signal.throwIfAborted();
    const found = await look().catch((error: Error) => {
      last = `: ${error.message}`;
      return null;
    });
    if (found !== null) return found;
    if (performance.now() > end) throw new TooLate(`${what} after ${seconds} s${last}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}
