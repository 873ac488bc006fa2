import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupMember } from '../../contract/backup.ts';
import { type CargoChunk, cargoFiles, chunkPath } from '../../contract/cargo.ts';
import { run } from '../../host/process.ts';
import type { ChunkWorkers, Slot } from './chunk-workers.ts';
import { Chunker } from './chunker.ts';
import type { Earlier } from './earlier.ts';
import type { ChunkNames } from './names.ts';
import { placed } from './open.ts';

/** Where content goes. */
interface Destination {
  directory: string;
  names: ChunkNames;
  earlier: Earlier;
  workers: ChunkWorkers;
}

export interface WrittenContent {
  /** By their place among all that were written. */
  chunks: number[];
  /** Bytes of each one's content. */
  sizes: number[];
}

/** Writes content in chunks, and of those only what the directory does not have. */
export class ChunkWriter {
  /** All that the cargo has: those of the content by the order in which they came, then bases of patches. */
  readonly chunks: CargoChunk[] = [];
  /** What was not there before. */
  readonly written = { chunks: 0, bytes: 0 };
  readonly #to: Destination;
  readonly #chunker: Chunker;
  readonly #numbers = new Map<string, number>();
  readonly #bases = new Map<string, CargoChunk>();
  readonly #running = new Set<Promise<void>>();
  #failed: { error: unknown } | null = null;
  /** Of the chunk that has begun. */
  #slot: Slot | null = null;
  #content: WrittenContent = { chunks: [], sizes: [] };

  constructor(to: Destination) {
    this.#to = to;
    this.#chunker = new Chunker(to.names.gear);
  }

  begin(member: BackupMember): void {
    this.#to.earlier.begin(member);
  }

  /** @param part is copied. */
  async push(part: Buffer): Promise<void> {
    for (let from = 0; from < part.length; ) {
      if (this.#failed !== null) throw this.#failed.error;
      this.#slot ??= await this.#to.workers.slot();
      const end = this.#chunker.end(part, from);
      this.#slot.length += part.copy(this.#slot.bytes, this.#slot.length, from, end ?? part.length);
      if (end !== null) this.#put();
      from = end ?? part.length;
    }
  }

  /** Ends one content; the next push begins another. */
  async end(): Promise<WrittenContent> {
    this.#put();
    this.#chunker.begin();
    await Promise.all(this.#running);
    if (this.#failed !== null) throw this.#failed.error;
    const content = this.#content;
    this.#content = { chunks: [], sizes: [] };
    return content;
  }

  /** After the last content: brings everything to the disk. */
  async finish(signal: AbortSignal): Promise<void> {
    for (const base of this.#bases.values()) if (!this.#numbers.has(base.id)) this.chunks.push(base);
    await run(['sync', '--file-system', this.#to.directory], { signal });
  }

  /** Removes chunks of earlier cargo. */
  async prune(): Promise<void> {
    const root = join(this.#to.directory, cargoFiles.chunks);
    const kept = new Set(this.chunks.map(({ id }) => id));
    for (const folder of await readdir(root))
      for (const name of await readdir(join(root, folder)))
        if (!kept.has(name)) await rm(join(root, folder, name));
  }

  /** The chunk that has begun has ended. */
  #put(): void {
    const slot = this.#slot;
    if (slot === null) return;
    this.#slot = null;
    const { names, earlier, workers } = this.#to;
    const id = names.of(slot.bytes.subarray(0, slot.length));
    const before = earlier.follow(id, slot.length);
    const known = this.#numbers.get(id);
    const number = known ?? this.chunks.length;
    this.#content.chunks.push(number);
    this.#content.sizes.push(slot.length);
    if (known === undefined) this.#begin(id, number, slot, before);
    else workers.release(slot);
  }

  #begin(id: string, number: number, slot: Slot, before: string | null): void {
    const { workers } = this.#to;
    this.#numbers.set(id, number);
    // Its place is taken now: they end in another order than they begin.
    this.chunks.push({ id, sha256: '', size: 0 });
    const work = this.#store(id, slot, before)
      .then((chunk) => {
        this.chunks[number] = chunk;
      })
      .catch((error: unknown) => {
        this.#failed ??= { error };
      })
      .finally(() => {
        this.#running.delete(work);
        workers.release(slot);
      });
    this.#running.add(work);
  }

  async #store(id: string, slot: Slot, before: string | null): Promise<CargoChunk> {
    const { directory, earlier, workers } = this.#to;
    const [there, itsBase] = (await earlier.find(id)) ?? [];
    if (there !== undefined) {
      if (itsBase !== undefined) this.#bases.set(itsBase.id, itsBase);
      return there;
    }
    const [base = null] = (before === null ? null : await earlier.find(before)) ?? [];
    const { isNew, isPatch, ...file } = await workers.seal(slot, {
      path: join(directory, chunkPath(id)),
      base: base && placed(directory, base),
    });
    this.written.chunks += Number(isNew);
    this.written.bytes += isNew ? file.size : 0;
    if (base === null || !isPatch) return { id, ...file };
    this.#bases.set(base.id, base);
    return { id, ...file, base: base.id };
  }
}
