import type { GitPull } from '../../../../contract/git-pull.ts';
import type { BoxSite } from '../../../../contract/site.ts';
import type { PullStatus } from '../../../../contract/status.ts';
import { ProcessError, run } from '../../../../host/process.ts';
import { linesOf } from '../../../../policy/finding.ts';
import { checkPush, MAIN } from '../../../../policy/push/check-push.ts';
import type { Carried } from '../../../../policy/rules/context.ts';
import { type AuditLog, theBox } from '../../../audit/log.ts';
import type { GitRepository } from '../repository.ts';
import { gitEnvironment } from '../settings.ts';
import { type Incoming, Remote, RemoteError } from './remote.ts';

export interface PullOptions {
  pull: GitPull;
  repository: GitRepository;
  site: BoxSite;
  carried: Carried;
  audit: () => AuditLog | undefined;
  /** Directory for what is fetched and not taken yet. */
  directory: string;
  /** Lets the work reach the remote. */
  wayOut: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Brings `main` to the cluster. */
  publish: () => Promise<unknown>;
}

type Outcome = Pick<PullStatus, 'state' | 'head' | 'detail'>;

/**
 * Follows a branch elsewhere: forward only, each commit signed by one of the site's people, all of it held to what
 * a push is held to.
 */
export class Puller {
  readonly #options: PullOptions;
  readonly #remote: Remote;
  /** A commit that was refused stays so: rules and bundle change with a start only. */
  #refused: Outcome | undefined;

  constructor(options: PullOptions) {
    this.#options = options;
    this.#remote = new Remote(options.pull, options.repository, options.directory);
  }

  /** Looks once. What is wrong elsewhere is an outcome, not an error. */
  async look(signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#look(signal);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      return { state: 'unreachable', head: null, detail: error.message };
    } finally {
      await this.#remote.clean();
    }
  }

  async #look(signal: AbortSignal): Promise<Outcome> {
    const { repository, wayOut } = this.#options;
    const head = await wayOut(() => this.#remote.head(signal));
    const own = (await repository.head(signal)).id;
    if (head === own) return { state: 'current', head, detail: '' };
    if (this.#refused?.head === head) return this.#refused;
    if (await this.#isIn(head, own, signal)) return { state: 'ahead', head, detail: '' };
    const incoming = await wayOut(() => this.#remote.fetch(signal));
    const outcome = await this.#judge(incoming, own, signal);
    if (outcome.state === 'refused') this.#refused = outcome;
    return outcome;
  }

  async #judge(incoming: Incoming, own: string, signal: AbortSignal): Promise<Outcome> {
    const { repository, site, carried, audit, pull, publish } = this.#options;
    const head = incoming.commit;
    const store = repository.store(incoming.objects);
    const updates = [{ name: MAIN, from: own, to: head }];
    const findings = await checkPush({ store, updates, site, carried, policy: site.git }, signal);
    if (findings.some(({ rule }) => rule === 'protected-branch'))
      return { state: 'diverged', head, detail: `it does not follow ${own.slice(0, 12)}, which the box has` };
    const event = { who: theBox, action: 'pull', subject: pull.url } as const;
    const log = audit();
    if (log === undefined) return { state: 'waiting', head, detail: 'the audit log is not open' };
    if (findings.length > 0) {
      const detail = linesOf(findings).join('\n');
      await log.record({ ...event, outcome: 'refused', detail: `${head}: ${detail}` });
      return { state: 'refused', head, detail };
    }
    const detail = `main goes from ${own} to ${head}`;
    await log.around({ ...event, detail }, () => this.#remote.take(incoming, MAIN, signal));
    await publish();
    return { state: 'pulled', head, detail: '' };
  }

  /** Whether the box has a commit below its own. */
  async #isIn(commit: string, own: string, signal: AbortSignal): Promise<boolean> {
    const argv = [
      'git',
      '--git-dir',
      this.#options.repository.path,
      'merge-base',
      '--is-ancestor',
      commit,
      own,
    ];
    try {
      await run(argv, { env: gitEnvironment(), signal });
      return true;
    } catch (error) {
      // 128: it does not know the commit.
      if (error instanceof ProcessError && error.failure === 'exit') return false;
      throw error;
    }
  }
}
