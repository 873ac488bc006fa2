import { type FileHandle, open } from 'node:fs/promises';
import type { ChunkIndex } from '../../contract/chunk-index.ts';
import { leafHash } from '../../host/merkle.ts';
import { type Piece, readChunk } from './piece.ts';

/** Files to take good chunks from. Each is opened when it is first asked, and a damaged one may still serve. */
export class Sources {
  readonly #files = new Map<string, Promise<FileHandle>>();
  readonly #pieces: readonly Piece[];
  readonly #index: ChunkIndex;

  constructor(pieces: readonly Piece[], index: ChunkIndex) {
    this.#pieces = pieces;
    this.#index = index;
  }

  /** A chunk of the medium as the index says it is, or null when no source has it so. */
  async read(chunk: number, buffer: Buffer): Promise<Buffer | null> {
    for (const piece of this.#pieces) {
      if (chunk < piece.first || chunk >= piece.first + piece.count) continue;
      const bytes = await readChunk(await this.#open(piece.path), piece, this.#index, chunk, buffer);
      if (leafHash(bytes) === this.#index.chunks[chunk]) return bytes;
    }
    return null;
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await (await file).close();
  }

  async #open(path: string): Promise<FileHandle> {
    const file = this.#files.get(path) ?? open(path);
    this.#files.set(path, file);
    return await file;
  }
}
