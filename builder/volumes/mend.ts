import { stat } from 'node:fs/promises';
import type { ChunkIndex } from '../../contract/chunk-index.ts';
import { type Checked, checkAloud, checkPiece, isGood } from './check.ts';
import { type Filled, fill } from './fill.ts';
import type { ChunkHost } from './host.ts';
import type { Piece } from './piece.ts';
import { trackedBytes } from './progress.ts';
import type { Sources } from './sources.ts';

export interface Mended extends Filled {
  /** As it was before. */
  checked: Checked;
}

export interface MendRequest {
  piece: Piece;
  index: ChunkIndex;
  sources: Sources;
  /** What the progress calls it. */
  title: string;
  /** Sees what is wrong before anything is written; what it throws stops the work. */
  before?: (checked: Checked) => void;
}

/**
 * Makes a file what the index says it is, from whatever it is now: absent, cut off, damaged or whole.
 * All that writes volumes and media by their chunks is this.
 */
export async function mend(request: MendRequest, host: ChunkHost): Promise<Mended> {
  const { piece, index, sources, title } = request;
  const isThere = (await stat(piece.path).catch(() => null)) !== null;
  const checked = await (isThere ? checkAloud(piece, index, host) : checkPiece(piece, index, host.signal));
  if (isGood(checked, index)) return { checked, copied: 0, lacking: [] };
  request.before?.(checked);
  const filled = await trackedBytes(host.progress, { id: piece.path, title }, (onBytes) =>
    fill({ checked, index, sources, signal: host.signal, onBytes }),
  );
  return { checked, ...filled };
}
