import type { Readable } from 'node:stream';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import type { Manifest } from '../../contract/manifest.ts';
import { formatBytes } from '../../contract/units.ts';
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

/** Passes over a file that nobody reads, as a stream of the medium must end before the next begins. */
export function skipFile(file: OpenFile): void {
  if (file.onDisk === undefined) file.content.resume();
}

/** An opened ISO, tarball or bundle directory. Reading trusts nothing: callers check what they get. */
export interface Medium {
  kind: 'iso' | 'tarball' | 'directory';
  path: string;
  /** Reads one small file whole. @throws CpiabError E2105 when it isn't there, E2106 for one without which it is no medium, E2131. */
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

/** What is read whole into memory before a signature or digest is checked, bytes: far above the largest document. */
const LARGEST_READ = 256e6;

/** @throws CpiabError E2131 for what nobody should read whole. */
export function refuseLarge(subject: string, size: number): void {
  if (size > LARGEST_READ)
    throw new CpiabError('E2131', { subject, args: [formatBytes(size), formatBytes(LARGEST_READ)] });
}

/** The error of a file that isn't on a medium. Without its manifest and signature it is none. */
export function missing(path: string, name: string): CpiabError {
  const papers = [bundleFiles.manifest, bundleFiles.signature].map((file) => `${medium.bundle}/${file}`);
  return papers.includes(name)
    ? new CpiabError('E2106', { subject: path })
    : new CpiabError('E2105', { subject: `${path}: ${name}` });
}
