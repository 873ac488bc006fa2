import { setTimeout as sleep } from 'node:timers/promises';
import type { BoxStatus } from '../../../contract/status.ts';

const POLL_MS = 500;

/** What was seen of a box while its version changed. */
interface Watched {
  status: BoxStatus;
  /** Each turn of the update, with the seconds after which it was seen first. */
  turns: string[];
  /** Milliseconds of the longest time in which its API did not answer. */
  silentMs: number;
}

/**
 * Asks a box how it is, over restarts, until it has come to something.
 * @throws Error with the turns when it takes too long.
 */
export async function watch(
  ask: () => Promise<BoxStatus>,
  isThere: (status: BoxStatus) => boolean,
  limitMs: number,
  pollMs: number = POLL_MS,
): Promise<Watched> {
  const began = performance.now();
  const turns: string[] = [];
  let [heard, silentMs] = [began, 0];
  while (performance.now() - began < limitMs) {
    const status = await ask().catch(() => null);
    if (status !== null) {
      silentMs = Math.max(silentMs, performance.now() - heard);
      heard = performance.now();
      note(turns, status, Math.round((heard - began) / 1000));
      if (isThere(status)) return { status, turns, silentMs };
    }
    await sleep(pollMs);
  }
  throw new Error(`it takes longer than ${limitMs / 1000} s: ${turns.join(', ')}`);
}

function note(turns: string[], { slots, update }: BoxStatus, seconds: number): void {
  const turn = `slot ${slots?.running} ${update?.state ?? 'no update'}`;
  if (!turns.at(-1)?.startsWith(`${turn} `)) turns.push(`${turn} at ${seconds} s`);
}
