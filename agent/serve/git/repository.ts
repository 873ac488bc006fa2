import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { flux } from '../../../contract/layout.ts';
import { renameDurably } from '../../../host/files.ts';
import { startPiped } from '../../../host/piped-process.ts';
import { run } from '../../../host/process.ts';
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
    const argv = ['git', '--git-dir', this.path, 'cat-file', '--batch=%(objecttype) %(objectsize)'];
    const batch = startPiped(argv, { env: gitEnvironment(), ...(signal === undefined ? {} : { signal }) });
    batch.stdin.end(paths.map((path) => `${commit}:${path}\n`).join(''));
    const output = await buffer(batch.stdout);
    const { status, stderr } = await batch.ended;
    if (status !== 0) throw new Error(`git cat-file failed: ${stderr}`);
    return splitBatch(output, paths.length);
  }

  async #git(args: string[], signal: AbortSignal | undefined): Promise<string> {
    const options = { env: gitEnvironment(), ...(signal === undefined ? {} : { signal }) };
    return (await run(['git', '--git-dir', this.path, ...args], options)).stdout;
  }
}

/**
 * Opens the repository; a new box makes it from the bundle first. A power cut leaves it whole or absent.
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
    await renameDurably(fresh, path);
  }
  return new GitRepository(path);
}

/** Takes apart what `git cat-file --batch` gives: a line, then as many bytes as it says and a line break. */
function splitBatch(output: Buffer, count: number): (string | null)[] {
  const texts: (string | null)[] = [];
  let position = 0;
  while (texts.length < count) {
    const end = output.indexOf(10, position);
    const head = output.toString('utf8', position, end);
    position = end + 1;
    const size = /^blob (\d+)$/.exec(head)?.[1];
    const other = /^(?:tree|commit|tag) (\d+)$/.exec(head)?.[1];
    const length = size ?? other;
    texts.push(size === undefined ? null : output.toString('utf8', position, position + Number(size)));
    if (length !== undefined) position += Number(length) + 1;
  }
  return texts;
}
