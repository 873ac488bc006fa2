import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { flux } from '../../../contract/layout.ts';
import { digestOf } from '../../../contract/manifest.ts';
import { renameDurably, sha256File } from '../../../host/files.ts';
import { hashing } from '../../../host/hashing.ts';
import { startPiped } from '../../../host/piped-process.ts';
import type { Artifact } from '../../flux/site-artifact.ts';
import type { Commit, GitRepository } from '../git/repository.ts';
import { gitEnvironment } from '../git/settings.ts';

/** Revisions kept: the current one, and those that a reconciliation may still be reading. */
const KEPT = 3;

/** Exports revisions of the repository as archives that Flux fetches. */
export class Publisher {
  readonly #repository: GitRepository;
  readonly #directory: string;
  readonly #baseUrl: string;

  /** @param baseUrl of the artifact server, without a slash at its end. */
  constructor(repository: GitRepository, directory: string, baseUrl: string) {
    this.#repository = repository;
    this.#directory = directory;
    this.#baseUrl = baseUrl;
  }

  /** Publishes a commit; the same commit gives the same bytes. The archive appears whole or not at all. */
  async publish(commit: Commit, signal: AbortSignal): Promise<Artifact> {
    const name = `${commit.id}.tar.gz`;
    const path = join(this.#directory, name);
    await mkdir(this.#directory, { recursive: true });
    const { sha256, size } = (await existing(path, signal)) ?? (await this.#export(commit.id, path, signal));
    await this.#forgetOld(name);
    return {
      path: name,
      url: `${this.#baseUrl}/${name}`,
      revision: revisionOf(commit.id),
      digest: digestOf(sha256),
      size,
      lastUpdateTime: commit.date,
    };
  }

  async #export(id: string, path: string, signal: AbortSignal): Promise<{ sha256: string; size: number }> {
    const fresh = `${path}.new`;
    const argv = [
      'git',
      '--git-dir',
      this.#repository.path,
      '-c',
      'tar.umask=0022',
      'archive',
      '--format=tar',
      id,
    ];
    const archive = startPiped(argv, { env: gitEnvironment(), signal });
    archive.stdin.end();
    const hash = createHash('sha256');
    await pipeline(archive.stdout, createGzip({ level: 6 }), hashing(hash), createWriteStream(fresh), {
      signal,
    });
    const { status, stderr } = await archive.ended;
    if (status !== 0) throw new Error(`git archive of ${id} failed: ${stderr}`);
    await renameDurably(fresh, path);
    return { sha256: hash.digest('hex'), size: (await stat(path)).size };
  }

  async #forgetOld(current: string): Promise<void> {
    const entries = await readdir(this.#directory, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile() && entry.name !== current).map(({ name }) => name);
    const aged = await Promise.all(
      names.map(async (name) => ({ name, changed: (await stat(join(this.#directory, name))).mtimeMs })),
    );
    const old = aged.toSorted((a, b) => b.changed - a.changed).slice(KEPT - 1);
    await Promise.all(old.map(({ name }) => rm(join(this.#directory, name), { force: true })));
  }
}

/** A revision as Flux writes it. */
export const revisionOf = (commit: string) => `${flux.branch}@sha1:${commit}`;

async function existing(path: string, signal: AbortSignal): Promise<{ sha256: string; size: number } | null> {
  return await sha256File(path, signal).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
