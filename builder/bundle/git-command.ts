import { CpiabError } from '../../contract/errors.ts';
import { ProcessError, run } from '../../host/process.ts';

/** A repository on this machine is asked small questions: whoever answers later than this hangs, as on a dead share. */
const ANSWER_MS = 120_000;

/** Asks the Git of this machine about a repository. */
export type Git = (...args: string[]) => Promise<string>;

/**
 * @returns runs Git in the repository and gives its output, without the final line break.
 * @throws CpiabError E1054 for another user's repository, E1057 for one that Git can't read.
 */
export function gitIn(repository: string, signal: AbortSignal): Git {
  return async (...args) => {
    const argv = ['git', '-C', repository, '-c', 'core.quotePath=false', ...args];
    const { stdout } = await run(argv, { signal, timeoutMs: ANSWER_MS }).catch((cause: unknown) => {
      throw explained(cause, repository);
    });
    return stdout.replace(/\n$/, '');
  };
}

function explained(cause: unknown, subject: string): unknown {
  if (!(cause instanceof ProcessError) || cause.failure === 'spawn') return cause;
  if (cause.stderr.includes('dubious ownership')) return new CpiabError('E1054', { subject, cause });
  const said = /^(?:fatal|error): (?<said>.*)$/m.exec(cause.stderr)?.groups?.['said'];
  return new CpiabError('E1057', { subject, args: [said ?? cause.message], cause });
}
