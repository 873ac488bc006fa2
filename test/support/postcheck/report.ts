import type { PostcheckEntry, PostcheckReport } from '../../../contract/postcheck.ts';
import { failedChecks } from '../../../contract/postcheck.ts';

export const entry = (id: string, result: PostcheckEntry['result'], more: Partial<PostcheckEntry> = {}) => ({
  ...{ id, result, group: 'engine' as const, title: 'it holds', required: true, tookMs: 1500 },
  ...{ evidence: 'seen', why: 'because', fix: 'do it', ...more },
});

/** A report of some checks. */
export function reportOf(...checks: PostcheckEntry[]): PostcheckReport {
  return {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'PostcheckReport' },
    box: { id: 'b1', fingerprint: 'f', site: 'lab' },
    bundle: { sequence: 7, lock: `sha256:${'c'.repeat(64)}` },
    ...{ revision: 'd'.repeat(40), time: '2026-11-22T10:00:00.000Z', tookMs: 2500, checks },
    verdict: failedChecks({ checks }).length === 0 ? 'pass' : 'fail',
  };
}
