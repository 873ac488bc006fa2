import type { ConsoleLine } from '../../contract/console.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { ProgressSink } from '../../contract/progress.ts';
import type { Phase } from '../../contract/status.ts';
import type { Box } from '../../host/qemu/box.ts';

/** What is followed of a box. */
export interface ReportingBox extends Pick<Box, 'url' | 'console' | 'reports'> {
  machine: Pick<Box['machine'], 'exited'>;
}

/** How far a box must come: it serves Git and images, or asks a person for a disk; or it has converged to its repository. */
export type Milestone = 'served' | 'converged';

const reached: Record<Milestone, (report: ConsoleLine) => boolean> = {
  served: ({ phase, problem, fingerprint }) =>
    fingerprint !== null && (AFTER_SERVE.includes(phase) || (phase === 'choose' && problem !== null)),
  converged: ({ phase }) => phase === 'ready',
};
const AFTER_SERVE: readonly Phase[] = ['engine', 'flux', 'converge', 'ready'];

export interface WaitOptions {
  until: Milestone;
  /** Seconds. */
  timeout: number;
  signal: AbortSignal;
  progress: ProgressSink;
}

/**
 * Follows a box's own reports on its serial console until it has come far enough.
 * @returns the report that said so.
 * @throws CpiabError E5001 too late, E5002 QEMU ended, E5003 the box stopped.
 */
export async function waitFor(
  box: ReportingBox,
  { until, timeout, signal, progress }: WaitOptions,
): Promise<ConsoleLine> {
  const late = AbortSignal.timeout(timeout * 1000);
  const steps = new StepProgress(progress);
  try {
    const report = await follow(box, until, steps, AbortSignal.any([signal, late]));
    steps.end('done');
    return report;
  } catch (cause) {
    steps.end('fail');
    throw late.aborted && !signal.aborted ? tooLate(box, timeout, steps.current, cause) : cause;
  }
}

const tooLate = (box: ReportingBox, timeout: number, step: string, cause: unknown) =>
  new CpiabError('E5001', { subject: box.url, args: [String(timeout), step, box.console], cause });

/**
 * Follows a box until its machine ends, which it must not do before it came to a step.
 * @throws CpiabError E5001 too late, E5002 QEMU ended before, E5003 the box stopped.
 */
export async function watchTo(
  step: string,
  box: ReportingBox,
  { timeout, signal, progress }: Omit<WaitOptions, 'until'>,
): Promise<void> {
  const late = AbortSignal.timeout(timeout * 1000);
  const steps = new StepProgress(progress);
  try {
    for await (const report of box.reports(AbortSignal.any([signal, late]))) {
      steps.take(report);
      rejectFailed(report, box);
    }
    if (steps.current !== step) throw await ended(box);
    steps.end('done');
  } catch (cause) {
    steps.end('fail');
    throw late.aborted && !signal.aborted ? tooLate(box, timeout, steps.current, cause) : cause;
  }
}

/** Follows a box's reports, with its problems, until the machine ends. */
export async function watch(
  box: ReportingBox,
  { signal, progress }: Pick<WaitOptions, 'signal' | 'progress'>,
): Promise<void> {
  const steps = new StepProgress(progress);
  for await (const report of box.reports(signal)) steps.take(report);
  steps.end('done');
}

async function follow(
  box: ReportingBox,
  until: Milestone,
  steps: StepProgress,
  signal: AbortSignal,
): Promise<ConsoleLine> {
  for await (const report of box.reports(signal)) {
    steps.take(report);
    rejectFailed(report, box);
    if (reached[until](report)) return report;
  }
  throw await ended(box);
}

async function ended(box: ReportingBox): Promise<CpiabError> {
  const status = await box.machine.exited;
  const args: [string, string] = [String(status ?? 'none'), `see ${box.console}`];
  return new CpiabError('E5002', { subject: 'qemu-system-x86_64', args });
}

function rejectFailed({ phase, step, problem, nextAction }: ConsoleLine, box: ReportingBox): void {
  if (phase !== 'failed') return;
  const next = nextAction ?? `see the console's output in ${box.console}`;
  throw new CpiabError('E5003', { subject: box.url, args: [step, problem ?? 'no reason given', next] });
}

/** Turns a box's reports into progress: a step ends when the next one begins. */
class StepProgress {
  current = 'power-on';
  readonly #sink: ProgressSink;
  #beganMs = 0;
  #lastMs = 0;
  #problem = '';

  constructor(sink: ProgressSink) {
    this.#sink = sink;
    this.#start();
  }

  take({ step, ms, problem }: ConsoleLine): void {
    this.#lastMs = ms;
    if (step !== this.current) {
      this.end('done');
      this.current = step;
      this.#beganMs = ms;
      this.#start();
    }
    this.#problem = problem ?? '';
    this.#sink({ type: 'progress', id: this.current, detail: this.#problem });
  }

  end(type: 'done' | 'fail'): void {
    const tookMs = Math.max(0, this.#lastMs - this.#beganMs);
    this.#sink({ type, id: this.current, tookMs, detail: this.#problem });
  }

  #start(): void {
    this.#sink({ type: 'start', id: this.current, title: `box: ${this.current}` });
  }
}
