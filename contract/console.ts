import { z } from 'zod';
import { phases } from './status.ts';

/** Starts each machine-readable line on the serial console; JSON follows. */
export const consolePrefix = 'CPIAB-STATUS ';

/** What the box says on its serial console at each change: the way to its fingerprint that no network can touch. */
export const ConsoleLineSchema = z.object({
  phase: z.enum(phases),
  step: z.string(),
  /** Milliseconds since power-on. */
  ms: z.int().nonnegative(),
  fingerprint: z.string().nullable(),
  problem: z.string().nullable(),
  nextAction: z.string().nullable(),
});
export type ConsoleLine = z.infer<typeof ConsoleLineSchema>;

/** Reads one console line; null when it isn't one of the agent's. */
export function parseConsoleLine(line: string): ConsoleLine | null {
  const start = line.indexOf(consolePrefix);
  if (start < 0) return null;
  try {
    const parsed = ConsoleLineSchema.safeParse(JSON.parse(line.slice(start + consolePrefix.length)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
