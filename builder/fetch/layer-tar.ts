import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Header, Pax } from 'tar';

/** Bytes of one tar record; headers and file bodies are padded to it (POSIX.1-2017, ustar). */
const record = 512;

/** A file's bytes: in memory when we made them, else where they lie. */
type Content = { bytes: Buffer } | { path: string; size: number };

/** One path of a layer, relative to `/`, without a slash at its start or end. */
export type LayerEntry = { path: string } & (
  | { kind: 'directory'; mode: number; uid: number; gid: number }
  | { kind: 'file'; mode: number; content: Content }
  | { kind: 'link'; target: string }
);

/**
 * Writes a layer as an uncompressed tar: entries in the given order, owned by root unless they say
 * otherwise, every time stamp `epoch`, no extended attributes, pax headers only for what ustar can't
 * hold. Files are streamed. Source: OCI Image Specification 1.1, layer.md.
 * @param epoch seconds since 1970-01-01.
 * @returns SHA-256 of the tar (the layer's DiffID), 64 hexadecimal digits.
 */
export async function writeLayerTar(entries: LayerEntry[], epoch: number, path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(Readable.from(hashing(tarRecords(entries, epoch), hash)), createWriteStream(path));
  return hash.digest('hex');
}

async function* hashing(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* tarRecords(entries: LayerEntry[], epoch: number): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield headerOf(entry, new Date(epoch * 1000));
    if (entry.kind === 'file') yield* body(entry.path, entry.content);
  }
  yield Buffer.alloc(2 * record);
}

async function* body(name: string, content: Content): AsyncGenerator<Buffer> {
  let written = 0;
  const chunks =
    'bytes' in content ? [content.bytes] : createReadStream(content.path, { highWaterMark: 1 << 20 });
  for await (const chunk of chunks) {
    written += chunk.length;
    yield chunk;
  }
  // The header with the size is out already: a file that changed meanwhile would shift all that follows.
  if (written !== sizeOf(content)) throw new Error(`${name} changed while it was read`);
  if (written % record !== 0) yield Buffer.alloc(record - (written % record));
}

function headerOf(entry: LayerEntry, mtime: Date): Buffer {
  const data = { mtime, uname: '', gname: '', ...fields(entry) };
  const block = Buffer.alloc(record);
  const needsPax = new Header(data).encode(block, 0);
  if (!needsPax) return block;
  const { path, linkpath } = { linkpath: undefined, ...data };
  return Buffer.concat([new Pax({ path, ...(linkpath && { linkpath }), mtime }).encode(), block]);
}

function fields(entry: LayerEntry) {
  switch (entry.kind) {
    case 'directory': {
      const { mode, uid, gid } = entry;
      return { type: 'Directory', path: `${entry.path}/`, mode, uid, gid, size: 0 } as const;
    }
    case 'file':
      return {
        type: 'File',
        path: entry.path,
        mode: entry.mode,
        uid: 0,
        gid: 0,
        size: sizeOf(entry.content),
      } as const;
    case 'link':
      return {
        type: 'SymbolicLink',
        path: entry.path,
        linkpath: entry.target,
        mode: 0o777,
        uid: 0,
        gid: 0,
        size: 0,
      } as const;
  }
}

function sizeOf(content: Content): number {
  return 'bytes' in content ? content.bytes.length : content.size;
}
