import type { Readable } from 'node:stream';
import { startPiped } from './piped-process.ts';

/** An object of a Git repository. */
export interface GitObject {
  type: 'blob' | 'tree' | 'commit' | 'tag';
  bytes: Buffer;
}

/** Where objects are, and how git is to be started. */
export interface ObjectStore {
  gitDir: string;
  /** The whole environment of git; may name a quarantine that holds what a push brings. */
  env: Readonly<Record<string, string>>;
}

/**
 * Reads objects in the order of their names, one at a time in memory, all with one process.
 * @param names object identifiers, or what git understands for one, such as `main:README.md`; none has a line break.
 * @returns null for each that isn't there.
 */
export async function* readObjects(
  { gitDir, env }: ObjectStore,
  names: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<GitObject | null> {
  if (names.length === 0) return;
  const argv = ['git', '--git-dir', gitDir, 'cat-file', '--batch=%(objecttype) %(objectsize)'];
  const batch = startPiped(argv, { env, ...(signal === undefined ? {} : { signal }) });
  batch.stdin.end(names.map((name) => `${name}\n`).join(''));
  let running = true;
  try {
    const output = new Lines(batch.stdout);
    for (let index = 0; index < names.length; index++) yield await nextObject(output);
    const { status, stderr } = await batch.ended;
    running = false;
    if (status !== 0) throw new Error(`git cat-file failed: ${stderr}`);
  } finally {
    if (running) batch.kill();
  }
}

/** A line with type and size, then as many bytes as it says and a line break. Source: git-cat-file(1), "BATCH OUTPUT". */
async function nextObject(output: Lines): Promise<GitObject | null> {
  const head = /^(?<type>blob|tree|commit|tag) (?<size>\d+)$/.exec(await output.line())?.groups;
  if (head === undefined) return null;
  const bytes = await output.bytes(Number(head['size']));
  await output.bytes(1);
  return { type: head['type'] as GitObject['type'], bytes };
}

/** Takes lines and counted bytes from a stream, in turn. */
class Lines {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async line(): Promise<string> {
    let end = this.#rest.indexOf(10);
    while (end < 0) {
      await this.#more();
      end = this.#rest.indexOf(10);
    }
    return this.#take(end + 1).toString('utf8', 0, end);
  }

  async bytes(count: number): Promise<Buffer> {
    const parts = [this.#rest];
    let size = this.#rest.length;
    while (size < count) {
      this.#rest = Buffer.alloc(0);
      await this.#more();
      parts.push(this.#rest);
      size += this.#rest.length;
    }
    this.#rest = parts.length === 1 ? this.#rest : Buffer.concat(parts);
    return this.#take(count);
  }

  #take(count: number): Buffer {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done === true) throw new Error('git cat-file ended early');
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
  }
}
