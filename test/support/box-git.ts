import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { RegistryProxy } from '../../agent/api/registry-proxy.ts';
import { Counters } from '../../agent/metrics/counters.ts';
import { Gate, type GateOptions } from '../../agent/serve/git/gate.ts';
import { GitHttp } from '../../agent/serve/git/http.ts';
import { PushRecord } from '../../agent/serve/git/push-record.ts';
import { type GitRepository, openRepository } from '../../agent/serve/git/repository.ts';
import { type GitPolicy, GitPolicySchema } from '../../contract/git-policy.ts';
import { parseBoxSite } from '../../contract/site.ts';
import { ProcessError, run } from '../../host/process.ts';
import type { Carried } from '../../policy/rules/context.ts';
import { startTestApi, type TestApi } from './api.ts';
import { removeTree } from './remove-tree.ts';

const here = join(import.meta.dirname, '..', '..');
/** Git's hooks as a box has them. */
export const gitHooks = join(here, 'agent', 'files', 'usr', 'lib', 'cpiab', 'hooks');

/** What the bundle of the test box has: the images that this repository's own manifests name. */
async function bundled(): Promise<Carried> {
  const { stdout } = await run(['git', '-C', here, 'grep', '-hoE', 'image: [^ ]+', '--', 'cluster']);
  const images = stdout.split('\n').map((line) => line.replace('image: ', ''));
  return {
    images: new Map(images.map((image) => [image, `sha256:${'0'.repeat(64)}`])),
    charts: new Set(),
    repositories: new Set(),
  };
}

/** A work tree with what this repository gives to Flux, and the Git of a box that began with it. */
export class BoxGit {
  readonly #directory: string;
  readonly api: TestApi;
  readonly repository: GitRepository;
  readonly work: string;
  /** Lines of the agent's log. */
  readonly log: string[];
  /** Called when a push was checked, and when git has taken one. */
  readonly moments: { checked: () => void; taken: () => void };
  /** Commits that were published. */
  readonly published: string[];
  /** What pushes are held to. */
  readonly gate: Pick<GateOptions, 'repository' | 'site' | 'carried'>;

  private constructor(
    parts: Pick<BoxGit, 'api' | 'repository' | 'work' | 'log' | 'published' | 'moments' | 'gate'> & {
      directory: string;
    },
  ) {
    this.#directory = parts.directory;
    this.api = parts.api;
    this.repository = parts.repository;
    this.work = parts.work;
    this.log = parts.log;
    this.moments = parts.moments;
    this.published = parts.published;
    this.gate = parts.gate;
  }

  /** @param more what its API has besides: keys of its site, a registry. */
  static async start(
    policy: Partial<GitPolicy> = {},
    { site: keys = {}, registry = 1 }: { site?: object; registry?: number } = {},
  ): Promise<BoxGit> {
    const directory = await mkdtemp(join(tmpdir(), 'cpiab-box-git-'));
    const work = join(directory, 'work');
    await run(['git', 'init', '--quiet', '--initial-branch=main', work]);
    for (const folder of ['bundles', 'cluster', 'synology'])
      await cp(join(here, folder), join(work, folder), { recursive: true });
    await cp(join(here, 'config', 'clusters', 'lab.yaml'), join(work, 'config', 'clusters', 'lab.yaml'));
    await commitAll(work, 'first');
    const bundle = join(directory, 'site.bundle');
    await run(['git', '-C', work, 'bundle', 'create', '--quiet', bundle, 'main']);
    const { signal } = new AbortController();
    const repository = await openRepository(join(directory, 'git', 'lab.git'), bundle, signal);
    const [log, published]: [string[], string[]] = [[], []];
    const moments = { checked: () => {}, taken: () => {} };
    const note = (line: string) => {
      log.push(line);
      moments.checked();
    };
    const publish = async () => {
      moments.taken();
      const { id } = await repository.head();
      published.push(id);
      return `published ${id.slice(0, 12)}`;
    };
    const box = parseBoxSite(parse(await readFile(join(work, 'config/clusters/lab.yaml'), 'utf8')));
    const site = { ...box, git: GitPolicySchema.parse(policy) };
    const carried = await bundled();
    const settle = async () => {};
    const gate = new Gate({ repository, site, carried, publish, settle, log: note });
    const pushes = new PushRecord(repository, () => api.audit, new Counters());
    const options = { root: join(directory, 'git'), name: 'lab.git', hooks: gitHooks, gate, pushes };
    const git = new GitHttp(options);
    const api: TestApi = await startTestApi(() => ({ git, registry: new RegistryProxy(registry) }), {
      site: keys,
    });
    const held = { repository, site, carried };
    return new BoxGit({ directory, api, repository, work, log, published, moments, gate: held });
  }

  get remote(): string {
    return `${this.api.url}/git/lab.git`;
  }

  /** What git needs to reach the box as its operator. */
  get environment(): Record<string, string> {
    const { ca, certificate, key } = this.api.files;
    return { GIT_SSL_CAINFO: ca, GIT_SSL_CERT: certificate, GIT_SSL_KEY: key, LC_ALL: 'C' };
  }

  async git(...args: string[]): Promise<string> {
    return (await run(['git', '-C', this.work, ...who, ...args], { env: this.environment })).stdout.trim();
  }

  path(...names: string[]): string {
    return join(this.work, ...names);
  }

  /** Changes a file; the change must change something. */
  async edit(path: string, change: (text: string) => string): Promise<void> {
    const text = await readFile(this.path(path), 'utf8');
    if (change(text) === text) throw new Error(`nothing changed in ${path}`);
    await writeFile(this.path(path), change(text));
  }

  async commit(message = 'change'): Promise<string> {
    return await commitAll(this.work, message);
  }

  /** Pushes, and gives what the person who pushes sees. */
  async push(...args: string[]): Promise<{ taken: boolean; said: string }> {
    try {
      const { stderr } = await run(['git', '-C', this.work, 'push', this.remote, ...args], {
        env: this.environment,
      });
      return { taken: true, said: stderr };
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      return { taken: false, said: error.stderr };
    }
  }

  /** Back to what the box has. */
  async reset(): Promise<void> {
    const { id } = await this.repository.head();
    await this.git('checkout', '--quiet', '--force', '-B', 'main', id);
    await this.git('clean', '-d', '--force', '--quiet');
  }

  async stop(): Promise<void> {
    await this.api.close();
    await removeTree(this.#directory);
  }
}

const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];

async function commitAll(work: string, message: string): Promise<string> {
  const git = async (...args: string[]) => (await run(['git', '-C', work, ...who, ...args])).stdout.trim();
  await git('add', '--all');
  await git('commit', '--quiet', '--allow-empty', '--message', message);
  return await git('rev-parse', 'HEAD');
}
