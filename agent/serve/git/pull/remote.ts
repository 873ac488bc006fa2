import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitPull, pullTarget } from '../../../../contract/git-pull.ts';
import { ProcessError, run } from '../../../../host/process.ts';
import type { GitRepository } from '../repository.ts';
import { gitEnvironment } from '../settings.ts';

/** Bytes of any file that a fetch may write, its pack among them: as much as a push may have. */
const LARGEST_FILE = 256 << 20;
const LONGEST_MS = 600_000;
const INCOMING = 'refs/heads/incoming';

/** The repository elsewhere does not answer, or not as one. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
}

/** What was fetched, beside the box's repository and not in it. */
export interface Incoming {
  /** The branch's commit. */
  commit: string;
  /** Directory of the objects that the box may not have. */
  objects: string;
  /** A repository that has them. */
  path: string;
}

/** The branch that a box pulls. Git reaches one address by TLS, follows nobody elsewhere, and asks no name server. */
export class Remote {
  readonly #pull: GitPull;
  readonly #repository: GitRepository;
  readonly #directory: string;

  /** @param directory for what is fetched; removed before each fetch and after its end. */
  constructor(pull: GitPull, repository: GitRepository, directory: string) {
    this.#pull = pull;
    this.#repository = repository;
    this.#directory = directory;
  }

  /** The branch's newest commit. @throws RemoteError. */
  async head(signal: AbortSignal): Promise<string> {
    await this.#clear();
    const { url, branch } = this.#pull;
    const found = await this.#git(['ls-remote', '--quiet', url, `refs/heads/${branch}`], signal);
    const commit = /^([0-9a-f]{40})\t/.exec(found)?.[1];
    if (commit === undefined) throw new RemoteError(`it has no branch ${branch}`);
    return commit;
  }

  /** Fetches what the box lacks to a place of its own. @throws RemoteError. */
  async fetch(signal: AbortSignal): Promise<Incoming> {
    await this.#clear();
    const path = join(this.#directory, 'incoming.git');
    const options = { env: gitEnvironment(), signal };
    await run(['git', 'init', '--quiet', '--bare', path], options);
    await writeFile(
      join(path, 'objects', 'info', 'alternates'),
      `${join(this.#repository.path, 'objects')}\n`,
    );
    const { url, branch } = this.#pull;
    const fetch = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];
    await this.#git(['--git-dir', path, ...fetch, url, `refs/heads/${branch}:${INCOMING}`], signal);
    const { stdout } = await run(['git', '--git-dir', path, 'rev-parse', `${INCOMING}^{commit}`], options);
    return { commit: stdout.trim(), objects: join(path, 'objects'), path };
  }

  /** Puts what was fetched into the repository; its branch goes forward or stays. @throws ProcessError when it can't. */
  async take({ path }: Incoming, target: string, signal: AbortSignal): Promise<void> {
    const env = gitEnvironment({ 'fetch.fsckObjects': 'true', 'protocol.file.allow': 'always' });
    const argv = ['git', '--git-dir', this.#repository.path, 'fetch', '--quiet', '--no-tags'];
    await run([...argv, '--no-write-fetch-head', '--update-head-ok', path, `${INCOMING}:${target}`], {
      ...{ env, signal, timeoutMs: LONGEST_MS },
    });
  }

  async clean(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #clear(): Promise<void> {
    await this.clean();
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  async #git(args: string[], signal: AbortSignal): Promise<string> {
    const env = {
      ...gitEnvironment({
        'protocol.allow': 'never',
        'protocol.https.allow': 'always',
        'http.followRedirects': 'false',
        'http.sslVerify': 'true',
        'http.proxy': '',
        'http.lowSpeedLimit': '1',
        'http.lowSpeedTime': '60',
        'fetch.fsckObjects': 'true',
        // Whole in one file, which has a limit.
        'fetch.unpackLimit': '1',
        ...this.#place(),
      }),
      ...(await this.#trust()),
    };
    try {
      // Source: setrlimit(2), RLIMIT_FSIZE.
      const argv = ['prlimit', `--fsize=${LARGEST_FILE}`, 'git', ...args];
      return (await run(argv, { env, signal, timeoutMs: LONGEST_MS })).stdout;
    } catch (cause) {
      if (!(cause instanceof ProcessError)) throw cause;
      const said = cause.stderr.trim().split('\n').at(-1) || cause.message;
      throw new RemoteError(said.replace(/^(?:fatal|error): /, '').slice(0, 300), { cause });
    }
  }

  /** Source: git-config(1), http.curloptResolve; an address needs none. */
  #place(): Record<string, string> {
    const { hostname } = new URL(this.#pull.url);
    const { address, port } = pullTarget(this.#pull);
    const shown = address.includes(':') ? `[${address}]` : address;
    return hostname === shown ? {} : { 'http.curloptResolve': `${hostname}:${port}:${shown}` };
  }

  /** The variable, as it goes before every setting. */
  async #trust(): Promise<Record<string, string>> {
    const { ca } = this.#pull;
    if (ca === undefined) return {};
    const file = join(this.#directory, 'authorities.pem');
    await writeFile(file, ca);
    return { GIT_SSL_CAINFO: file };
  }
}
