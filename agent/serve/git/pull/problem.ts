import type { PullStatus } from '../../../../contract/status.ts';
import type { Problem } from '../../../report/report.ts';

/** What a person is told when a pull's outcome needs one; a repository that does not answer is for the status alone. */
export function pullProblem({
  url,
  state,
  head,
  detail,
}: Pick<PullStatus, 'url' | 'state' | 'head' | 'detail'>): Problem | null {
  if (state !== 'refused' && state !== 'diverged') return null;
  const next = {
    refused: 'correct it there by another commit; the box looks again by itself',
    diverged: "merge the box's own commits there: `git pull` from the box, then push to it",
  };
  return {
    problem: `${head?.slice(0, 12) ?? ''} of ${url} is not taken: ${detail}`,
    nextAction: next[state],
  };
}
