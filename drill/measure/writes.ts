import type { DrillReport, Kept } from '../../contract/drill/report.ts';
import { type Acknowledged, type CustomerLine, isAcknowledged, type StatementLine } from './logs.ts';

type Part = DrillReport['workload'][number];

/** What the logs of those who write tell about a hand-over. */
export interface Writes {
  customers: readonly CustomerLine[];
  /** Of both banks. */
  statements: readonly StatementLine[];
}

/** Addresses of the databases: who has written a line. */
export interface Servers {
  a: string;
  b: string;
}

/** Longest time without a write from a moment on, where there are writes on both sides of it; else null. */
export function longestGap(times: readonly number[], from: number): number | null {
  const sorted = times.toSorted((one, other) => one - other);
  const before = sorted.findLastIndex((time) => time <= from);
  if (before < 0 || before === sorted.length - 1) return null;
  let longest = 0;
  for (const [index, time] of sorted.entries())
    if (index > before) longest = Math.max(longest, time - (sorted[index - 1] ?? time));
  return longest;
}

/** How many of what was acknowledged is missing; null when it was not looked. */
export function lostOf(
  kept: Pick<Kept, 'missingPayments' | 'missingStatements' | 'missingFiles'> | null,
): { payments: number; statements: number; files: number } | null {
  return (
    kept && {
      ...{ payments: kept.missingPayments.length, statements: kept.missingStatements.length },
      files: kept.missingFiles.length,
    }
  );
}

/** @param lost null when it was not looked. @param fenced when bank A stopped to take writes; null when it never did. */
export function partsOf(
  { customers, statements }: Writes,
  lost: ReturnType<typeof lostOf>,
  fenced: number | null,
): Part[] {
  const acknowledged = customers.filter(isAcknowledged);
  const gap = (times: readonly number[]) => (fenced === null ? null : longestGap(times, fenced));
  const paid = gap(acknowledged.map((line) => line.acknowledged));
  const written = gap(statements.map((line) => line.written));
  const part = (
    name: Part['part'],
    count: number,
    missing: number | undefined,
    rtoMs: number | null,
  ): Part => ({
    ...{ part: name, acknowledged: count, lost: missing ?? null, rtoMs },
  });
  return [
    part('database', acknowledged.length, lost?.payments, paid),
    part('web', acknowledged.length, lost?.payments, paid),
    part('batch', statements.length, lost?.statements, written),
    part('files', statements.length, lost?.files, written),
  ];
}

export function requestsOf({ customers }: Writes): { made: number; failed: number } {
  return { made: customers.length, failed: customers.filter((line) => !isAcknowledged(line)).length };
}

/** Whether the banks took writes one after the other. Negative overlap is the time in which neither did. */
export function writersOf({ customers }: Writes, servers: Servers): NonNullable<DrillReport['writers']> {
  const by = (server: string) =>
    customers.filter(isAcknowledged).filter((line: Acknowledged) => line.server === server);
  const latest = by(servers.a).map(({ sent }) => sent);
  const first = by(servers.b).map(({ acknowledged }) => acknowledged);
  const lastAtA = latest.length === 0 ? null : latest.reduce((one, other) => Math.max(one, other));
  const firstAtB = first.length === 0 ? null : first.reduce((one, other) => Math.min(one, other));
  return { lastAtA, firstAtB, overlapMs: lastAtA === null || firstAtB === null ? null : lastAtA - firstAtB };
}
