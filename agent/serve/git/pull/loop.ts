import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pullTarget } from '../../../../contract/git-pull.ts';
import { messageOf } from '../../../../contract/message-of.ts';
import type { PullStatus } from '../../../../contract/status.ts';
import { carriedBy } from '../../../../policy/closed/carried-by.ts';
import type { Board } from '../../../board.ts';
import { journal } from '../../../report/journal.ts';
import { withWayOut } from './egress.ts';
import { pullProblem } from './problem.ts';
import { Puller } from './pull.ts';

const MINUTE_MS = 60_000;

/** Follows the repository that the site names, until the signal; does nothing where it names none. */
export async function pullAlways(board: Board, signal: AbortSignal): Promise<void> {
  const { site, report, paths } = board;
  const { pull } = site.git;
  if (pull === undefined) return;
  const { url, branch, everyMinutes } = pull;
  const tell = (found: Omit<PullStatus, 'url' | 'branch'>) => {
    report.observe({ pull: { url, branch, ...found } });
    report.lasting('pull', pullProblem({ url, ...found }));
  };
  tell({ state: 'waiting', looked: null, head: null, detail: '' });
  const puller = new Puller({
    ...{ pull, site, repository: board.get('git'), carried: carriedBy(board.get('manifest')) },
    audit: () => board.peek('audit'),
    directory: join(paths.git, 'pull'),
    wayOut: (work) => withWayOut(pullTarget(pull), work),
    publish: () => board.get('release').publishPush(signal),
  });
  for (;;) {
    const found = await puller.look(signal).catch((error: unknown) => {
      signal.throwIfAborted();
      const detail = messageOf(error);
      return { state: 'unreachable', head: null, detail } as const;
    });
    tell({ ...found, looked: new Date().toISOString() });
    journal(found.detail === '' ? 'info' : 'warn', {
      pull: found.state,
      head: found.head,
      detail: found.detail,
    });
    await sleep(everyMinutes * MINUTE_MS, undefined, { signal });
  }
}
