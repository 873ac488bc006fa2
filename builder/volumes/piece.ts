import type { FileHandle } from 'node:fs/promises';
import { type ChunkIndex, chunkBytes } from '../../contract/chunk-index.ts';
import type { Span, Volume } from '../../contract/volumes.ts';

/** A file that holds a run of a medium's chunks, or should: the whole medium, or one volume of it. */
export interface Piece extends Span {
  path: string;
  /** Null for the whole medium. */
  volume: Volume | null;
}

/** All that places and lengths of chunks follow from. */
type Sized = Pick<ChunkIndex, 'size'>;

/** The file of a whole medium. */
export function wholeMedium(path: string, { size }: Sized): Piece {
  return { path, volume: null, first: 0, count: Math.ceil(size / chunkBytes) };
}

export const chunkNumbers = ({ first, count }: Span) => Array.from({ length: count }, (_, at) => first + at);

/** Bytes that a piece's file should have. */
export function sizeOf({ size }: Sized, { first, count }: Span): number {
  return Math.min(count * chunkBytes, size - first * chunkBytes);
}

/** Where a chunk of the medium lies in a piece's file. */
export const positionIn = ({ first }: Span, chunk: number) => (chunk - first) * chunkBytes;

/**
 * Reads one chunk of a piece: fewer bytes where the file ends early, none where the carrier can't be read
 * (EIO is how the kernel reports a bad sector).
 * @param buffer for a chunk; what is returned is a part of it.
 */
export async function readChunk(
  file: FileHandle,
  piece: Piece,
  medium: Sized,
  chunk: number,
  buffer: Buffer,
): Promise<Buffer> {
  const length = Math.min(chunkBytes, medium.size - chunk * chunkBytes);
  const start = positionIn(piece, chunk);
  let filled = 0;
  try {
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    return buffer.subarray(0, 0);
  }
  return buffer.subarray(0, filled);
}
