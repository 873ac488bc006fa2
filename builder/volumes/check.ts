import { type FileHandle, open } from 'node:fs/promises';
import type { ChunkIndex } from '../../contract/chunk-index.ts';
import { leafHash } from '../../host/merkle.ts';
import { oneAhead } from './ahead.ts';
import type { ChunkHost } from './host.ts';
import { chunkNumbers, type Piece, readChunk, sizeOf } from './piece.ts';
import { trackedBytes } from './progress.ts';

/** What a piece's file really holds. */
export interface Checked {
  piece: Piece;
  /** Bytes of the file, or null when there is none. */
  size: number | null;
  /** Leaf hash of what is in each chunk's place. */
  leaves: string[];
  /** Numbers of the medium's chunks that are not what the index says, ascending. */
  bad: number[];
}

/** Hashes every chunk of a piece. A file that isn't there has all its chunks bad. */
export async function checkPiece(
  piece: Piece,
  index: ChunkIndex,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<Checked> {
  const file = await openIfThere(piece.path);
  if (file === null) return { piece, size: null, leaves: [], bad: chunkNumbers(piece) };
  try {
    const { size } = await file.stat();
    const checked: Checked = { piece, size, leaves: [], bad: [] };
    const read = (chunk: number, buffer: Buffer) => readChunk(file, piece, index, chunk, buffer);
    for await (const { chunk, read: bytes } of oneAhead(chunkNumbers(piece), signal, read)) {
      const leaf = leafHash(bytes);
      checked.leaves.push(leaf);
      if (leaf !== index.chunks[chunk]) checked.bad.push(chunk);
      onBytes(bytes.length);
    }
    return checked;
  } finally {
    await file.close();
  }
}

/** The same, with what is under way and found told as progress. */
export async function checkAloud(
  piece: Piece,
  index: ChunkIndex,
  { signal, progress }: ChunkHost,
): Promise<Checked> {
  return await trackedBytes(
    progress,
    { id: `check/${piece.path}`, title: `check ${piece.path}` },
    (onBytes) => checkPiece(piece, index, signal, onBytes),
    ({ bad }) => (bad.length === 0 ? {} : { detail: `${bad.length} of ${piece.count} chunks are bad` }),
  );
}

/** Whether a file is exactly its piece of the medium. */
export function isGood({ piece, size, bad }: Checked, index: ChunkIndex): boolean {
  return bad.length === 0 && size === sizeOf(index, piece);
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  return await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
