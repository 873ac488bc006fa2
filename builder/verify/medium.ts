import type { Readable } from 'node:stream';
import type { Manifest } from '../../contract/manifest.ts';
import type { Sealed } from '../image/seal.ts';

/** A file on a medium. */
export interface MediumFile {
  /** Path below the medium's root; the bundle is `bundle/…`. */
  path: string;
  /** Bytes. */
  size: number;
}

/** A file being read. */
export interface OpenFile extends MediumFile {
  content: Readable;
  /** Absolute path, where it is a file of its own that can be hashed without a stream. */
  onDisk?: string;
  /** Set when the file is a hard link of one that came before; then `content` is empty. */
  linkTo?: string;
}

/** An opened ISO, tarball or bundle directory. Reading trusts nothing: callers check what they get. */
export interface Medium {
  kind: 'iso' | 'tarball' | 'directory';
  path: string;
  /** Reads one small file whole. @throws CpiabError E2105 when it isn't there. */
  read(path: string): Promise<Buffer>;
  /** Every file with its content, in the medium's own order; each stream is consumed before the next. */
  files(): AsyncIterable<OpenFile>;
  /** The seal over all other bytes of the medium, or null where every byte is a listed file's (a directory). */
  seal: ((signal: AbortSignal) => Promise<Sealed>) | null;
}

/** An opened medium whose manifest has verified. */
export interface OpenBundle {
  medium: Medium;
  manifest: Manifest;
}
