import type { CargoChunk } from '../../contract/cargo.ts';
import { CpiabError } from '../../contract/errors.ts';
import { AgeError, openAge } from '../../host/age/age.ts';
import type { Identity } from '../../host/age/keys.ts';
import { readContent, type StoredChunk } from './chunk-store.ts';
import type { ChunkWorkers, Slot } from './chunk-workers.ts';
import { type OpenCargo, placed, readChunk, refusing } from './open.ts';

/** Content of a cargo's chunks. */
export class ChunkReader {
  readonly #cargo: OpenCargo;
  readonly #chunks: ReadonlyMap<string, CargoChunk>;

  constructor(cargo: OpenCargo) {
    this.#cargo = cargo;
    this.#chunks = new Map(cargo.manifest.chunks.map((chunk) => [chunk.id, chunk]));
  }

  /** @throws CpiabError E2181 when a chunk is for somebody else; E2190 for one that is damaged or not there. */
  async requireReadable(id: string | undefined, identities: readonly Identity[]): Promise<void> {
    const file = await readChunk(this.#cargo.directory, this.#find(id));
    try {
      openAge(file, identities);
    } catch (cause) {
      if (!(cause instanceof AgeError)) throw cause;
      throw new CpiabError('E2181', { subject: this.#cargo.directory, args: [cause.message], cause });
    }
  }

  /** @throws CpiabError E2190. */
  async read(id: string | undefined, identities: readonly Identity[]): Promise<Buffer> {
    const { chunk, base } = this.#placed(id);
    return await refusing(chunk, readContent(chunk, base, identities));
  }

  /** The same into a slot, by another thread. @throws CpiabError E2190. */
  async open(id: string | undefined, workers: ChunkWorkers, slot: Slot): Promise<void> {
    const { chunk, base } = this.#placed(id);
    await refusing(chunk, workers.open(slot, { chunk, base }));
  }

  #placed(id: string | undefined): { chunk: StoredChunk; base: StoredChunk | null } {
    const chunk = this.#find(id);
    const base = chunk.base === undefined ? null : this.#find(chunk.base);
    // One step only: otherwise whoever signs could make its reader go round for ever.
    if (base?.base !== undefined) throw this.#refusal(`chunk ${chunk.id} is a patch to a patch`);
    const { directory } = this.#cargo;
    return { chunk: placed(directory, chunk), base: base && placed(directory, base) };
  }

  #find(id: string | undefined): CargoChunk {
    const chunk = this.#chunks.get(id ?? '');
    if (chunk === undefined) throw this.#refusal('it names a chunk that it has not');
    return chunk;
  }

  #refusal(why: string): CpiabError {
    return new CpiabError('E2190', { subject: this.#cargo.directory, args: [why] });
  }
}
