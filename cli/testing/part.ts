/** How many tests of a part did what. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** One part of `cpiab test`. */
export interface TestPart {
  name: string;
  title: string;
  /** Runs the part; lines of its output go to `onLine`. A part that can't run counts as one failed test. */
  run(host: TestHost): Promise<Counts>;
}

export interface TestHost {
  repository: string;
  signal: AbortSignal;
  onLine(line: string): void;
}

/** Closing line of a test run, which CI systems read. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

export function sum(all: readonly Counts[]): Counts {
  const total = (key: keyof Counts) => all.reduce((before, counts) => before + counts[key], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}
