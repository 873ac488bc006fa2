import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ChunkIndex } from '../../contract/chunk-index.ts';
import { CpiabError } from '../../contract/errors.ts';
import { leafHash } from '../../host/merkle.ts';
import { oneAhead } from './ahead.ts';
import type { Checked } from './check.ts';
import { places } from './complaint.ts';
import { type Piece, positionIn, readChunk, sizeOf } from './piece.ts';
import type { Sources } from './sources.ts';

export interface FillRequest {
  /** What was found wrong with the file. */
  checked: Checked;
  index: ChunkIndex;
  sources: Sources;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
}

export interface Filled {
  /** Bytes written. */
  copied: number;
  /** Numbers of bad chunks that no source has good. */
  lacking: number[];
}

/**
 * Writes good chunks in place of bad ones, and nothing else: a file that this is stopped in has fewer bad
 * chunks than before, whenever that is, as a half-written chunk was bad before. So it needs no journal, and
 * doing it again goes on.
 * @throws CpiabError E2409 when a written chunk reads back otherwise.
 */
export async function fill({ checked, index, sources, signal, onBytes }: FillRequest): Promise<Filled> {
  const { piece, bad, size } = checked;
  const result: Filled = { copied: 0, lacking: [] };
  const file = await open(piece.path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    const written: number[] = [];
    const read = (chunk: number, buffer: Buffer) => sources.read(chunk, buffer);
    for await (const { chunk, read: bytes } of oneAhead(bad, signal, read)) {
      if (bytes === null) result.lacking.push(chunk);
      else {
        await writeAll(file, bytes, positionIn(piece, chunk));
        written.push(chunk);
        result.copied += bytes.length;
        onBytes(bytes.length);
      }
    }
    if ((size ?? 0) > sizeOf(index, piece)) await file.truncate(sizeOf(index, piece));
    await file.sync();
    await readBack({ file, piece, index, written, signal });
  } finally {
    await file.close();
  }
  return result;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

interface Written {
  file: FileHandle;
  piece: Piece;
  index: ChunkIndex;
  written: readonly number[];
  signal: AbortSignal;
}

async function readBack({ file, piece, index, written, signal }: Written): Promise<void> {
  const wrong: number[] = [];
  const read = (chunk: number, buffer: Buffer) => readChunk(file, piece, index, chunk, buffer);
  for await (const { chunk, read: bytes } of oneAhead(written, signal, read)) {
    if (leafHash(bytes) !== index.chunks[chunk]) wrong.push(chunk);
  }
  if (wrong.length === 0) return;
  throw new CpiabError('E2409', { subject: piece.path, args: [places(wrong, piece, index)] });
}
