import type { PostcheckEntry } from '../../contract/postcheck.ts';

/** What one check found. */
export type Outcome = Pick<PostcheckEntry, 'result' | 'evidence'>;

export const pass = (evidence: string): Outcome => ({ result: 'pass', evidence });
export const fail = (evidence: string): Outcome => ({ result: 'fail', evidence });
export const unknown = (evidence: string): Outcome => ({ result: 'unknown', evidence });
export const notApplicable = (why: string): Outcome => ({ result: 'notApplicable', evidence: why });

const NAMED = 5;

/** Passes when nothing speaks against it, else fails and names the first few. */
export function passUnless(against: readonly string[], evidence: string): Outcome {
  if (against.length === 0) return pass(evidence);
  const more = against.length - NAMED;
  return fail([...against.slice(0, NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; '));
}

/** `1 node`, `2 nodes`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
