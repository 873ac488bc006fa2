import type { CpiabError } from '../../contract/errors.ts';
import type { PreflightCheck } from '../../contract/preflight.ts';

/** What one check found, and the error with which the build stops where it failed. */
export interface Finding {
  check: PreflightCheck;
  error?: CpiabError;
}

type About = Pick<PreflightCheck, 'id' | 'title'>;

export const pass = (about: About, detail: string): Finding => ({
  check: { ...about, result: 'pass', detail, hint: '' },
});

export const warn = (about: About, detail: string, hint: string): Finding => ({
  check: { ...about, result: 'warn', detail, hint },
});

export const fail = (about: About, error: CpiabError): Finding => ({
  check: { ...about, result: 'fail', detail: detailOf(about, error), hint: error.hint },
  error,
});

const detailOf = ({ title }: About, { subject, message }: CpiabError) =>
  subject === title ? message : `${subject}: ${message}`;
