import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CargoChunk, cargoFiles, chunkPath } from '../../contract/cargo.ts';
import { run } from '../../host/process.ts';
import type { ChunkKeys } from './chunk-keys.ts';
import { Chunker } from './chunker.ts';

/** Chunks that are compressed and written at a time: libuv has as many threads. */
const PARALLEL = 4;

/** Writes content in chunks, and of those only what the directory does not have. */
export class ChunkWriter {
  readonly chunks: CargoChunk[] = [];
  /** What was not there before. */
  readonly written = { chunks: 0, bytes: 0 };
  readonly #directory: string;
  readonly #keys: ChunkKeys;
  readonly #chunker: Chunker;
  readonly #numbers = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  #content: number[] = [];

  constructor(directory: string, keys: ChunkKeys) {
    this.#directory = directory;
    this.#keys = keys;
    this.#chunker = new Chunker(keys.gear);
  }

  async push(part: Uint8Array): Promise<void> {
    for (const chunk of this.#chunker.push(part)) await this.#put(chunk);
  }

  /** Ends one content; the next push begins another. @returns its chunks, by their place in `chunks`. */
  async end(): Promise<number[]> {
    for (const chunk of this.#chunker.end()) await this.#put(chunk);
    await Promise.all(this.#running);
    const content = this.#content;
    this.#content = [];
    return content;
  }

  /** Brings everything to the disk. */
  async sync(signal: AbortSignal): Promise<void> {
    await run(['sync', '--file-system', this.#directory], { signal });
  }

  /** Removes chunks of earlier cargo. */
  async prune(): Promise<void> {
    const root = join(this.#directory, cargoFiles.chunks);
    for (const folder of await readdir(root))
      for (const name of await readdir(join(root, folder)))
        if (!this.#numbers.has(name)) await rm(join(root, folder, name));
  }

  async #put(content: Buffer): Promise<void> {
    const id = this.#keys.nameOf(content);
    const known = this.#numbers.get(id);
    const number = known ?? this.chunks.length;
    this.#content.push(number);
    if (known !== undefined) return;
    this.#numbers.set(id, number);
    // Its place is taken now: they end in another order than they begin.
    this.chunks.push({ id, sha256: '', size: 0 });
    const work = this.#store(id, content).then((chunk) => {
      this.chunks[number] = chunk;
      this.#running.delete(work);
    });
    // Whoever waits for one of them is told of it.
    work.catch(() => {});
    this.#running.add(work);
    if (this.#running.size >= PARALLEL) await Promise.race(this.#running);
  }

  async #store(id: string, content: Buffer): Promise<CargoChunk> {
    const path = join(this.#directory, chunkPath(id));
    const there = await readFile(path).catch(() => null);
    // A file that a power cut has spoilt is written anew.
    const stored =
      there !== null && this.#keys.isOf(id, there) ? there : await this.#write(path, id, content);
    return { id, sha256: createHash('sha256').update(stored).digest('hex'), size: stored.length };
  }

  async #write(path: string, id: string, content: Buffer): Promise<Buffer> {
    const stored = await this.#keys.close(id, content);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, stored);
    await rename(`${path}.new`, path);
    this.written.chunks += 1;
    this.written.bytes += stored.length;
    return stored;
  }
}
