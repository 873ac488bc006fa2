import type { CargoChunk } from '../../contract/cargo.ts';
import { CpiabError } from '../../contract/errors.ts';
import { AgeError } from '../../host/age/age.ts';
import type { Identity } from '../../host/age/keys.ts';
import { unpack, unsealed } from './chunk-file.ts';
import { type OpenCargo, readChunk } from './open.ts';

/** Content of a cargo's chunks, for who can decrypt them. */
export class ChunkReader {
  readonly #cargo: OpenCargo;
  readonly #identities: readonly Identity[];
  readonly #chunks: ReadonlyMap<string, CargoChunk>;

  constructor(cargo: OpenCargo, identities: readonly Identity[]) {
    this.#cargo = cargo;
    this.#identities = identities;
    this.#chunks = new Map(cargo.manifest.chunks.map((chunk) => [chunk.id, chunk]));
  }

  /** @throws CpiabError E2181 when a chunk is for somebody else; E2190 for one that is damaged or not there. */
  async requireReadable(id: string | undefined): Promise<void> {
    const file = await readChunk(this.#cargo.directory, this.#find(id));
    await unsealed(file, this.#identities).catch((cause: unknown) => {
      if (!(cause instanceof AgeError)) throw cause;
      throw new CpiabError('E2181', { subject: this.#cargo.directory, args: [cause.message], cause });
    });
  }

  /** @throws CpiabError E2190. */
  async read(id: string | undefined): Promise<Buffer> {
    const chunk = this.#find(id);
    if (chunk.base === undefined) return await this.#unpacked(chunk, undefined);
    const base = this.#find(chunk.base);
    // One step only: otherwise whoever signs could make its reader go round for ever.
    if (base.base !== undefined) throw this.#refusal(`chunk ${chunk.id} is a patch to a patch`);
    return await this.#unpacked(chunk, await this.#unpacked(base, undefined));
  }

  async #unpacked(chunk: CargoChunk, base: Buffer | undefined): Promise<Buffer> {
    const file = await readChunk(this.#cargo.directory, chunk);
    try {
      return await unpack(await unsealed(file, this.#identities), base);
    } catch (cause) {
      throw this.#refusal(`chunk ${chunk.id} was sealed for somebody else, or of something else`, cause);
    }
  }

  #find(id: string | undefined): CargoChunk {
    const chunk = this.#chunks.get(id ?? '');
    if (chunk === undefined) throw this.#refusal('it names a chunk that it has not');
    return chunk;
  }

  #refusal(why: string, cause?: unknown): CpiabError {
    return new CpiabError('E2190', { subject: this.#cargo.directory, args: [why], cause });
  }
}
