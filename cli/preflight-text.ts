import { estimateText } from '../builder/preflight/estimate.ts';
import type { Estimate, Preflight, PreflightCheck } from '../contract/preflight.ts';
import { table } from './table.ts';

const MARKS: Record<PreflightCheck['result'], string> = { pass: 'ok', warn: 'WARN', fail: 'FAIL' };

interface Looked {
  checks: readonly PreflightCheck[];
  estimate: Estimate;
}

/** A row for each check, what to do about those that failed, and how long the work will take. */
export function preflightText({ checks, estimate }: Looked): string {
  const rows = checks.map(({ result, title, detail }) => [MARKS[result], title, detail]);
  const hints = new Set(checks.flatMap(({ hint }) => (hint === '' ? [] : [`hint: ${hint}`])));
  return [table(rows), ...hints, `time: ${estimateText(estimate)}`].join('\n');
}

/** The same, with what will be made. */
export function planText(plan: Preflight): string {
  return `${preflightText(plan)}\nto make: ${plan.parts.join(', ')}`;
}
