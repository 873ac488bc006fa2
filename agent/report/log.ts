import type { BoxReport } from './report.ts';

/**
 * Writes one JSON object a line when the boot moves on; the journal keeps it.
 * Fields: step, state, startedMs, tookMs, detail, and phase, problem.
 */
export function logChanges(report: BoxReport, write: (line: string) => void): void {
  let last = '';
  report.onChange((change) => {
    if (change !== 'phase') return;
    const { name, ...step } = report.current;
    const { phase, problem } = report.snapshot();
    const line = JSON.stringify({ step: name, ...step, phase, problem });
    if (line !== last) write(`${line}\n`);
    last = line;
  });
}
