import type { DriftEntry } from '../contract/lock-drift.ts';
import { table } from './table.ts';

/** Hexadecimal digits of a digest that are enough to tell it from another. */
const ENOUGH = 12;

/** What differs between two locks: a row for each thing. */
export function driftTable(entries: readonly DriftEntry[]): string {
  const rows = entries.map(({ what, was, is, why }) => [what, brief(was ?? '-'), brief(is ?? '-'), why]);
  return table([['what', 'was', 'is', 'why'], ...rows]);
}

/** A version as it is, a digest by its first digits. */
export const brief = (value: string) => value.replace(/[0-9a-f]{64}/, (digits) => digits.slice(0, ENOUGH));
