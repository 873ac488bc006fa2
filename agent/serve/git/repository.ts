import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flux } from '../../../contract/layout.ts';
import { renameDurably, syncTree } from '../../../host/files.ts';
import { type ObjectStore, readObjects } from '../../../host/git-objects.ts';
import { run } from '../../../host/process.ts';
import { removeLeftovers } from './leftovers.ts';
import { gitEnvironment } from './settings.ts';

/** A commit of the served branch. */
export interface Commit {
  /** 40 hexadecimal digits. */
  id: string;
  /** RFC 3339, UTC. */
  date: string;
}

/** The box's canonical repository, bare. It is never wiped: what was pushed is kept. */
export class GitRepository {
  /** Absolute path of the `.git` directory. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Newest commit of the served branch. */
  async head(signal?: AbortSignal): Promise<Commit> {
    const stdout = await this.#git(['log', '-1', '--format=%H %ct', `refs/heads/${flux.branch}`], signal);
    const [id = '', seconds = '0'] = stdout.trim().split(' ');
    return { id, date: new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z') };
  }

  /** Text of files of a commit, null for one that isn't a file there. One process for all of them. */
  async readFiles(
    commit: string,
    paths: readonly string[],
    signal?: AbortSignal,
  ): Promise<(string | null)[]> {
    const texts: (string | null)[] = [];
    const names = paths.map((path) => `${commit}:${path}`);
    for await (const object of readObjects(this.store(), names, signal))
      texts.push(object?.type === 'blob' ? object.bytes.toString('utf8') : null);
    return texts;
  }

  /**
   * Where its objects are.
   * @param quarantine directory of objects that a push brings and that are not taken yet. Source: git-receive-pack(1).
   */
  store(quarantine: string | null = null): ObjectStore {
    const objects = join(this.path, 'objects');
    const apart =
      quarantine === null
        ? {}
        : { GIT_OBJECT_DIRECTORY: quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects };
    return { gitDir: this.path, env: { ...gitEnvironment(), ...apart } };
  }

  async #git(args: string[], signal: AbortSignal | undefined): Promise<string> {
    const options = { env: gitEnvironment(), ...(signal === undefined ? {} : { signal }) };
    return (await run(['git', '--git-dir', this.path, ...args], options)).stdout;
  }
}

/**
 * Opens the repository; a new box makes it from the bundle first. A power cut leaves it whole or absent. To be
 * called before anything else works on it: what a push left that was cut off is removed.
 * @param gitBundle path of the git bundle; its content must be verified.
 */
export async function openRepository(
  path: string,
  gitBundle: string,
  signal: AbortSignal,
): Promise<GitRepository> {
  if (!existsSync(path)) {
    const fresh = `${path}.new`;
    const env = gitEnvironment();
    await rm(fresh, { recursive: true, force: true });
    await mkdir(dirname(path), { recursive: true });
    await run(['git', 'init', '--quiet', '--bare', '--initial-branch', flux.branch, fresh], { env, signal });
    const branch = `refs/heads/${flux.branch}`;
    await run(['git', '--git-dir', fresh, 'fetch', '--quiet', gitBundle, `${branch}:${branch}`], {
      env,
      signal,
    });
    // Git has its objects and references on the disk, and not what `git init` writes, such as HEAD.
    await syncTree(fresh);
    await renameDurably(fresh, path);
  }
  await removeLeftovers(path);
  return new GitRepository(path);
}
