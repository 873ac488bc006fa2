import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deltaMembers } from '../../contract/delta.ts';
import { CpiabError } from '../../contract/errors.ts';
import { bundleFiles, medium } from '../../contract/layout.ts';
import type { Digest } from '../../contract/manifest.ts';
import { isRotationFile } from '../../contract/rotation.ts';
import { formatBytes } from '../../contract/units.ts';
import { versionText } from '../../contract/update.ts';
import { type ArchiveEntry, expectPlain } from '../../host/archive-entry.ts';
import { tarballEntries } from '../../host/bundle-tarball.ts';
import { readDelta } from '../../host/delta-file.ts';
import { formatOf } from '../../host/file-format.ts';
import type { Base, Papers } from './admit.ts';

/** Takes what an update file holds, in the file's order: what is no blob comes before all blobs. */
export interface UpdateReader {
  /** The bundle that a delta starts from. */
  base(base: Base): Promise<void>;
  /** A file that lies beside the blobs. */
  paper(name: string, content: Readable): Promise<void>;
  /** A blob by its 64 digits; `from` is the running version's blob that it is a patch of. */
  blob(hex: string, from: Digest | null, content: Readable): Promise<void>;
}

/** Reads a delta, or a tarball of a whole bundle. @throws CpiabError E5311 for neither, E2303 for a damaged delta. */
export async function readUpdate(path: string, reader: UpdateReader): Promise<void> {
  const format = await formatOf(path);
  if (format === 'zstd') await readBundle(path, reader);
  else if (format === 'tar') await readPatch(path, reader);
  else throw new CpiabError('E5311', { subject: path });
}

async function readPatch(path: string, reader: UpdateReader): Promise<void> {
  const froms = new Map<string, Digest | null>();
  await readDelta(path, {
    head: async ({ site, base, blobs }) => {
      for (const { digest, from } of blobs) froms.set(deltaMembers.blob(digest.slice(7)), from ?? null);
      await reader.base({ digest: base.digest, name: `${site} ${versionText(base)}` });
    },
    member: async (name, content) => {
      const from = froms.get(name);
      if (from === undefined) await reader.paper(name, content);
      else await reader.blob(name.slice('blobs/'.length), from, content);
    },
  });
}

/** What an update says of itself before its first blob. */
export interface UpdateHead {
  /** Null for a whole bundle. */
  base: Base | null;
  papers: Papers;
}

/** Ends the reading where all that is wanted is there. `readDelta` takes it for the wish to stop, which it is. */
class EnoughRead extends Error {
  override name = 'AbortError';
}

/** Reads the beginning of an update file. @throws CpiabError as `readUpdate`. */
export async function readHead(path: string): Promise<UpdateHead> {
  const papers = new Map<string, Buffer>();
  let found: Base | null = null;
  const reader: UpdateReader = {
    base: async (base) => {
      found = base;
    },
    paper: async (name, content) => void papers.set(name, await readPaper(name, content)),
    blob: async () => {
      throw new EnoughRead();
    },
  };
  await readUpdate(path, reader).catch((error: unknown) => {
    if (!(error instanceof EnoughRead)) throw error;
  });
  return { base: found, papers };
}

/** Papers are small; a larger one is none. */
const LARGEST_PAPER = 16 << 20;

/** @throws CpiabError E2131 for one that is too large. */
export async function readPaper(name: string, content: Readable): Promise<Buffer> {
  let size = 0;
  content.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= LARGEST_PAPER) return;
    const args: [string, string] = [formatBytes(size), formatBytes(LARGEST_PAPER)];
    content.destroy(new CpiabError('E2131', { subject: name, args }));
  });
  return await buffer(content);
}

const PREFIX = `${medium.bundle}/`;
const BLOBS = `${PREFIX}${bundleFiles.blobs}/`;
const papers: readonly string[] = [
  bundleFiles.manifest,
  bundleFiles.signature,
  bundleFiles.ociLayout,
  bundleFiles.index,
];

/** The registry's view, which follows from the rest, and is passed over. */
const VIEW = `${PREFIX}docker/registry/v2/`;

async function readBundle(path: string, reader: UpdateReader): Promise<void> {
  const seen = new Set<string>();
  for await (const entry of tarballEntries(path)) {
    expectPlain(entry.header, path, ['directory', 'link']);
    const { name } = entry.header;
    if (seen.has(name)) throw unexpected(path, name, 'is there twice');
    seen.add(name);
    if (isPassedOver(entry.header)) entry.resume();
    else if (!(await isMember(name, Readable.from(entry), reader)))
      throw unexpected(path, name, 'is nothing that a bundle has');
  }
}

const isPassedOver = ({ name, type }: ArchiveEntry) => type === 'directory' || name.startsWith(VIEW);

const unexpected = (path: string, name: string, what: string) =>
  new CpiabError('E2133', { subject: path, args: [name, what] });

/** Hands a member on; a link's content is that of an empty file. @returns whether a bundle has one of its name. */
async function isMember(name: string, content: Readable, reader: UpdateReader): Promise<boolean> {
  const own = name.slice(PREFIX.length);
  const hex = name.slice(BLOBS.length);
  if (!name.startsWith(PREFIX)) return false;
  if (papers.includes(own) || isRotationFile(own)) await reader.paper(own, content);
  else if (name.startsWith(BLOBS) && /^[0-9a-f]{64}$/.test(hex)) await reader.blob(hex, null, content);
  else return false;
  return true;
}
