import { mutate, numbers } from './mutate.ts';
import type { Target } from './target.ts';
import { isRefusal } from './targets.ts';

/** One input that took longer hangs. */
const HANG_MS = 5000;

export interface Failure {
  /** Give it as `--seed` with `--runs 1`. */
  seed: number;
  why: string;
}
export interface Fuzzed {
  runs: number;
  failures: Failure[];
  /** Bytes of memory at most. */
  peak: number;
}

/** Gives a parser changed inputs until told to stop; the input of a run follows from its seed alone. */
export async function fuzz(
  target: Target,
  first: number,
  goesOn: (runs: number) => boolean,
): Promise<Fuzzed> {
  const failures: Failure[] = [];
  let [runs, peak] = [0, 0];
  for (; goesOn(runs) && failures.length < 10; runs++) {
    const why = await once(target, first + runs);
    if (why !== null) failures.push({ seed: first + runs, why });
    if (runs % 256 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  return { runs, failures, peak };
}

async function once({ seeds, run, hangMs = HANG_MS }: Target, seed: number): Promise<string | null> {
  const random = numbers(seed);
  const pick = () => seeds[Math.floor(random() * seeds.length)] ?? Buffer.of();
  const bytes = mutate(pick(), pick(), random);
  const began = performance.now();
  try {
    await run(bytes);
  } catch (error) {
    if (!isRefusal(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const took = performance.now() - began;
  return took > hangMs ? `took ${Math.round(took)} ms` : null;
}
