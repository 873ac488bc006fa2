import type { ProgressSink } from '../../contract/progress.ts';

/** What work on chunks needs from outside. */
export interface ChunkHost {
  signal: AbortSignal;
  progress: ProgressSink;
}

/** What work on files needs whose index is yet to be trusted. */
export interface PartsHost extends ChunkHost {
  /** Path of a minisign public key; else one of this machine's. */
  key: string | undefined;
}
