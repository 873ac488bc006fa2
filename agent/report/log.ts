import type { Journal, Level } from './journal.ts';
import type { BoxReport } from './report.ts';

/**
 * Writes down when the boot moves on.
 * Fields: level, step, state, startedMs, tookMs, detail, phase, problem, code.
 */
export function logChanges(report: BoxReport, journal: Journal): void {
  let last = '';
  report.onChange((change) => {
    if (change !== 'phase') return;
    const { name, ...step } = report.current;
    const { phase, problem } = report.snapshot();
    const fields = { step: name, ...step, phase, problem, code: report.code };
    const line = JSON.stringify(fields);
    if (line !== last) journal(levelOf(phase, problem), fields);
    last = line;
  });
}

function levelOf(phase: string, problem: string | null): Level {
  if (phase === 'failed') return 'error';
  return problem === null ? 'info' : 'warn';
}
