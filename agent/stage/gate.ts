import { createHash } from 'node:crypto';
import { failedChecks, type PostcheckReport } from '../../contract/postcheck.ts';
import { type StageCompletion, type StageGate, type StageStatement, stages } from '../../contract/stage.ts';

/** What decides whether a stage may be completed. */
export interface GateFacts {
  site: string;
  completed: readonly StageCompletion[];
  /** The latest post-check of this box, or null. */
  report: PostcheckReport | null;
  /** Head of the box's Git, and sequence of the bundle that runs, as they are now. */
  head: string;
  sequence: number;
}

/** How far a site is, and what would be signed for its next stage. */
export function gateOf(facts: GateFacts): StageGate {
  const open = facts.completed.length + 1;
  const lacking = lackingFor(open, facts);
  const statement = lacking === null && facts.report !== null ? statementOf(open, facts.report) : null;
  const head = { apiVersion: 'cpiab.dev/v1', kind: 'StageGate' } as const;
  return { ...head, site: facts.site, completed: [...facts.completed], open, lacking, statement };
}

function lackingFor(open: number, { report, head, sequence }: GateFacts): string | null {
  if (open !== 1) return open in stages ? `nothing completes stage ${open} yet` : 'there is no further stage';
  if (report === null) return 'no post-check of this box was made';
  const failed = failedChecks(report);
  if (failed.length > 0) return `the latest post-check failed: ${failed.map(({ id }) => id).join(', ')}`;
  if (report.revision !== head)
    return `the latest post-check is of ${short(report.revision)}, Git is at ${short(head)}`;
  if (report.bundle.sequence !== sequence)
    return `the latest post-check is of bundle ${report.bundle.sequence}, the box runs ${sequence}`;
  return null;
}

const short = (commit: string) => commit.slice(0, 12);

function statementOf(stage: number, report: PostcheckReport): StageStatement {
  const { box, revision, bundle, time, checks } = report;
  const count = (wanted: string) => checks.filter(({ result }) => result === wanted).length;
  const sha256 = createHash('sha256').update(JSON.stringify(report)).digest('hex');
  return {
    ...{ apiVersion: 'cpiab.dev/v1', kind: 'StageStatement', stage },
    ...{ site: box.site, box: box.id, revision, bundle },
    postcheck: { time, passed: count('pass'), notApplicable: count('notApplicable'), sha256 },
  };
}
