import type { CliContext } from '../context.ts';

/** What a check found. `warn`: it works, but worse than it could. */
export interface Finding {
  result: 'pass' | 'warn' | 'fail';
  /** What was found, in a few words. */
  detail: string;
  /** What to do; empty when there is nothing to do. */
  hint: string;
}

/** Something this machine must have or be. */
export interface Check {
  id: string;
  title: string;
  /** Commands that cannot work without it; empty when all can. */
  neededBy: readonly string[];
  look(context: CliContext): Promise<Finding>;
}

export const pass = (detail: string): Finding => ({ result: 'pass', detail, hint: '' });
export const warn = (detail: string, hint: string): Finding => ({ result: 'warn', detail, hint });
export const fail = (detail: string, hint: string): Finding => ({ result: 'fail', detail, hint });
