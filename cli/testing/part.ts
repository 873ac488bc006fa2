/** How many tests of a part did what. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A test that failed: where it stands and the first line of what it said. */
export interface Failure {
  /** Path from the repository, or the part where that is the test. */
  file: string;
  /** Name of the test with those of the groups around it; empty for a file that could not be loaded. */
  test: string;
  message: string;
}

export interface Outcome extends Counts {
  failures: Failure[];
  /** Tests that passed when they were tried again, with what they said at first. */
  retried: Failure[];
}

/** One part of `cpiab test`. */
export interface TestPart {
  name: string;
  title: string;
  /** Runs the part; lines of its output go to `onLine`. A part that can't run counts as one failed test. */
  run(host: TestHost): Promise<Outcome>;
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

/** Lines that name each test that failed, at least at first, as a reader of a long log wants them: at its end. */
export function failureLines(outcomes: readonly Pick<Outcome, 'failures' | 'retried'>[]): string[] {
  const line = (how: string, { file, test, message }: Failure) =>
    `${how}: ${[file, test].filter(Boolean).join(' > ')}: ${message}`;
  return [
    ...outcomes.flatMap(({ retried }) => retried.map((each) => line('passed when tried again', each))),
    ...outcomes.flatMap(({ failures }) => failures.map((each) => line('failed', each))),
  ];
}

export function sum(all: readonly Counts[]): Counts {
  const total = (key: keyof Counts) => all.reduce((before, counts) => before + counts[key], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}
