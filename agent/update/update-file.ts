import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { deltaMembers } from '../../contract/delta.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import type { Digest } from '../../contract/manifest.ts';
import { isRotationFile } from '../../contract/rotation.ts';
import { readDelta } from '../../host/delta-file.ts';

/** Takes what an update file holds, in the file's order: what is no blob comes before all blobs. */
export interface UpdateReader {
  /** The bundle that a delta starts from. */
  base(digest: Digest, name: string): Promise<void>;
  /** A file that lies beside the blobs. */
  paper(name: string, content: Readable): Promise<void>;
  /** A blob by its 64 digits; `from` is the running version's blob that it is a patch of. */
  blob(hex: string, from: Digest | null, content: Readable): Promise<void>;
}

/** Magic number of a Zstandard frame. Source: RFC 8878 section 3.1.1. */
const ZSTD = 'fd2fb528';

/** Reads a delta, or a tarball of a whole bundle. @throws CpiabError E5311 for neither, E2303 for a damaged delta. */
export async function readUpdate(path: string, reader: UpdateReader): Promise<void> {
  const start = await startOf(path);
  if (start.length < 512) throw new CpiabError('E5311', { subject: path });
  if (start.readUInt32LE(0).toString(16) === ZSTD) await readBundle(path, reader);
  else if (start.toString('latin1', 0, 100).startsWith(`${deltaMembers.head}\0`))
    await readPatch(path, reader);
  else throw new CpiabError('E5311', { subject: path });
}

async function readPatch(path: string, reader: UpdateReader): Promise<void> {
  const froms = new Map<string, Digest | null>();
  await readDelta(path, {
    head: async ({ site, base, blobs }) => {
      for (const { digest, from } of blobs) froms.set(deltaMembers.blob(digest.slice(7)), from ?? null);
      await reader.base(base.digest, `${site} ${base.revision.slice(0, 12)} (sequence ${base.sequence})`);
    },
    member: async (name, content) => {
      const from = froms.get(name);
      if (from === undefined) await reader.paper(name, content);
      else await reader.blob(name.slice('blobs/'.length), from, content);
    },
  });
}

const PREFIX = `${medium.bundle}/`;
const BLOBS = `${PREFIX}${bundleFiles.blobs}/`;
const papers: readonly string[] = [
  bundleFiles.manifest,
  bundleFiles.signature,
  bundleFiles.ociLayout,
  bundleFiles.index,
];

/** The registry's view in a tarball follows from the rest, and is passed over. */
async function readBundle(path: string, reader: UpdateReader): Promise<void> {
  const archive = extract();
  const [source, plain] = [createReadStream(path, { highWaterMark: 1 << 20 }), createZstdDecompress()];
  for (const stream of [source, plain])
    stream.on('error', (cause) => archive.destroy(new CpiabError('E2106', { subject: path, cause })));
  source.pipe(plain).pipe(archive);
  try {
    for await (const entry of archive) {
      const { name, type } = entry.header;
      if (type === 'file') await readMember(name, Readable.from(entry), reader);
      else entry.resume();
    }
  } finally {
    for (const stream of [source, plain, archive]) stream.destroy();
  }
}

async function readMember(name: string, content: Readable, reader: UpdateReader): Promise<void> {
  const own = name.slice(PREFIX.length);
  if (papers.includes(own) || isRotationFile(own)) await reader.paper(own, content);
  else if (name.startsWith(BLOBS)) await reader.blob(name.slice(BLOBS.length), null, content);
  else content.resume();
}

async function startOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
