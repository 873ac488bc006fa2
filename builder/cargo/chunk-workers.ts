import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { chunkSizes } from '../../contract/chunk-sizes.ts';
import { ChunkError, type SealedChunk } from './chunk-store.ts';
import type { ChunkAnswer, ChunkOrder, ToldError, WorkerSetup } from './chunk-worker.ts';

/** Memory for one chunk's content. */
export interface Slot {
  number: number;
  bytes: Buffer;
  length: number;
}

type Order<Kind> = Omit<Extract<ChunkOrder, { do: Kind }>, 'do' | 'number' | 'slot' | 'length'>;

/**
 * Threads that compress, encrypt and write chunks, or the reverse, while this one reads and hashes. Content passes in
 * a few blocks of shared memory, which are used again: allocated anew for each chunk they would make V8 collect, and so
 * go through all objects of this thread, for every few megabytes. Who fills or reads a slot holds it alone.
 */
export class ChunkWorkers {
  /** One for each thread, one that waits for it, and one for who fills or reads it. */
  readonly slots: number;
  readonly #workers: readonly Worker[];
  readonly #free: Slot[];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  readonly #running = new Map<number, PromiseWithResolvers<ChunkAnswer>>();
  #next = 0;
  #failure: Error | null = null;

  /** @param keys texts of age. */
  constructor(keys: Omit<WorkerSetup, 'slots'>) {
    const threads = availableParallelism();
    this.slots = threads + 2;
    const slots = Array.from({ length: this.slots }, () => new SharedArrayBuffer(chunkSizes.most));
    this.#free = slots.map((slot, number) => ({ number, bytes: Buffer.from(slot), length: 0 }));
    const workerData: WorkerSetup = { ...keys, slots };
    this.#workers = Array.from({ length: threads }, () => this.#started(workerData));
  }

  /** An empty one, as soon as there is one. */
  async slot(): Promise<Slot> {
    const slot = this.#free.pop() ?? (await new Promise<Slot>((resolve) => this.#waiting.push(resolve)));
    slot.length = 0;
    return slot;
  }

  release(slot: Slot): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next(slot);
  }

  /** Fills a slot with a chunk's content. @throws ChunkError. */
  async open(slot: Slot, order: Order<'open'>): Promise<void> {
    const answer = await this.#ask({ ...order, do: 'open', slot: slot.number });
    if ('length' in answer) slot.length = answer.length;
  }

  /** Writes a slot's content. */
  async seal(slot: Slot, order: Order<'seal'>): Promise<SealedChunk> {
    const answer = await this.#ask({ ...order, do: 'seal', slot: slot.number, length: slot.length });
    if ('sealed' in answer) return answer.sealed;
    throw new Error('unreachable');
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #started(workerData: WorkerSetup): Worker {
    const worker = new Worker(new URL('./chunk-worker.ts', import.meta.url), { workerData });
    worker.on('message', (answer: ChunkAnswer) => this.#take(answer));
    worker.on('error', (error: Error) => {
      this.#failure = error;
      for (const waiting of this.#running.values()) waiting.reject(error);
    });
    return worker;
  }

  async #ask(order: DistributiveOmit<ChunkOrder, 'number'>): Promise<ChunkAnswer> {
    if (this.#failure !== null) throw this.#failure;
    const number = this.#next++;
    const answer = Promise.withResolvers<ChunkAnswer>();
    this.#running.set(number, answer);
    this.#workers[number % this.#workers.length]?.postMessage({ ...order, number });
    return await answer.promise;
  }

  #take(answer: ChunkAnswer): void {
    const asked = this.#running.get(answer.number);
    this.#running.delete(answer.number);
    if ('error' in answer) asked?.reject(errorOf(answer.error));
    else asked?.resolve(answer);
  }
}

const errorOf = ({ isChunk, message, code }: ToldError) =>
  isChunk ? new ChunkError(message) : Object.assign(new Error(message), { code });

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;
