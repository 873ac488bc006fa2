import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { type Delta, DeltaSchema, deltaMembers } from '../contract/delta.ts';
import { CpiabError } from '../contract/errors.ts';
import { bundleFiles } from '../contract/layout.ts';
import { hexOf } from '../contract/manifest.ts';
import { isRotationFile } from '../contract/rotation.ts';
import { expectPlain } from './archive-entry.ts';
import { fileError, requireFile } from './input-file.ts';
import { ProcessError } from './process.ts';

/** What takes a delta file apart. What it throws ends the reading. */
export interface DeltaReader {
  /** Comes first, so that a wrong base costs nothing. */
  head(head: Delta): Promise<void>;
  /** Every other member, in the file's order; its content is consumed when this returns. */
  member(name: string, content: Readable): Promise<void>;
}

/**
 * Reads a delta file from its start to its end.
 * @throws CpiabError E2303 for a file that is none, is cut off, or has other members than its head says.
 */
export async function readDelta(path: string, reader: DeltaReader): Promise<Delta> {
  await requireFile(path);
  const archive = extract();
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  source.on('error', (cause) => archive.destroy(fileError(cause, path)));
  source.pipe(archive);
  let head: Delta | null = null;
  let missing = new Set<string>();
  try {
    for await (const entry of archive) {
      const { name } = entry.header;
      expectPlain(entry.header, path);
      if (head === null) {
        head = readHead(await buffer(entry), name, path);
        await reader.head(head);
        missing = membersOf(head);
      } else {
        takeOff(missing, name, path);
        await reader.member(name, Readable.from(entry));
      }
    }
  } catch (cause) {
    throw isOwn(cause) ? cause : new CpiabError('E2303', { subject: path, args: [DAMAGED], cause });
  } finally {
    source.destroy();
  }
  if (head === null) throw new CpiabError('E2303', { subject: path, args: ['it is empty'] });
  rejectMissing(missing, path);
  return head;
}

const DAMAGED = 'it is cut off or damaged';

/** An error of writing or of a program, or the wish to stop, says nothing of the file. */
function isOwn(cause: unknown): boolean {
  if (cause instanceof CpiabError || cause instanceof ProcessError) return true;
  const { name, syscall } = cause as NodeJS.ErrnoException;
  return name === 'AbortError' || syscall !== undefined;
}

/** @throws CpiabError E2303 for a member that should not be there, or is there already. */
function takeOff(missing: Set<string>, name: string, path: string): void {
  if (missing.delete(name) || isRotationFile(name)) return;
  throw new CpiabError('E2303', { subject: path, args: [`an unknown member ${name}`] });
}

/** A tar that ends between two members looks whole. */
function rejectMissing([first]: Iterable<string>, path: string): void {
  if (first !== undefined) throw new CpiabError('E2303', { subject: path, args: [`it has no ${first}`] });
}

function readHead(bytes: Buffer, name: string, path: string): Delta {
  try {
    if (name !== deltaMembers.head) throw new Error(`begins with ${name}`);
    return DeltaSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new CpiabError('E2303', { subject: path, args: ['it has no head'], cause });
  }
}

/** What must follow the head: files that every bundle has, and the blobs that the head names. */
function membersOf({ blobs }: Delta): Set<string> {
  const { manifest, signature, ociLayout, index } = bundleFiles;
  const stored = blobs.map(({ digest }) => deltaMembers.blob(hexOf(digest)));
  return new Set([manifest, signature, ociLayout, index, ...stored]);
}
