import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../contract/message-of.ts';
import type { Journal } from '../report/journal.ts';
import type { BoxReport, Problem } from '../report/report.ts';

/** Looks at one thing that may go wrong whatever step the box is at. @returns what a person is told, or null. */
export type Watch = (signal: AbortSignal) => Promise<Problem | null>;

/**
 * Looks again and again, from power-on. What is found stands before what a step says: it is the cause. The first
 * in order is told; a look that fails is no finding, and is only logged.
 */
export async function watchAlways(
  watches: Readonly<Record<string, Watch>>,
  { report, journal }: { report: BoxReport; journal: Journal },
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const found: Problem[] = [];
    for (const [name, watch] of Object.entries(watches)) {
      const problem = await watch(signal).catch((error: unknown) => {
        signal.throwIfAborted();
        journal('error', { watch: name, failed: messageOf(error) });
        return null;
      });
      if (problem !== null) found.push(problem);
    }
    report.trouble(found[0] ?? null);
    await sleep(intervalMs, undefined, { signal });
  }
}
