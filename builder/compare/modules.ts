import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, hexOf } from '../../contract/manifest.ts';
import { run } from '../../host/process.ts';
import { extractBlobs } from '../delta/extract.ts';
import type { OpenBundle } from '../verify/medium.ts';

/** A file that two bundles have differently: on the medium, or inside of one of its modules. */
export interface FileChange {
  /** Path on the medium, such as `live/10-os.squashfs`. */
  on: string;
  /** Path inside of the module; null where the file itself is meant. */
  path: string | null;
  /** `new`, `gone`, or what differs: `mode`, `owner`, `size`, `time`, `target`, `content from byte N`. */
  what: string[];
}

/**
 * Opens the files beside both bundles (kernel, initial RAM disk, squashfs modules) that differ, and says which
 * files in them do.
 * @throws CpiabError E2103, E2105 for a damaged or missing one.
 */
export async function compareModules(
  before: OpenBundle,
  after: OpenBundle,
  signal: AbortSignal,
): Promise<FileChange[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'cpiab-diff-'));
  try {
    const names = Object.keys({ ...before.manifest.links, ...after.manifest.links }).toSorted();
    const changed = names.filter((name) => before.manifest.links[name] !== after.manifest.links[name]);
    const [one, other] = [join(scratch, 'before'), join(scratch, 'after')];
    await extractBlobs(before.medium, digests(before, changed), one, signal);
    await extractBlobs(after.medium, digests(after, changed), other, signal);
    const found: FileChange[] = [];
    for (const on of changed) {
      const files = [before.manifest.links[on], after.manifest.links[on]] as const;
      found.push(...(await compareFiles(on, fileIn(one, files[0]), fileIn(other, files[1]), signal)));
    }
    return found;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const digests = ({ manifest }: OpenBundle, names: string[]) =>
  new Set(names.flatMap((name) => manifest.links[name] ?? []));

const fileIn = (directory: string, digest: Digest | undefined) =>
  digest === undefined ? null : join(directory, hexOf(digest));

async function compareFiles(on: string, one: string | null, other: string | null, signal: AbortSignal) {
  if (one === null) return [{ on, path: null, what: ['new'] }];
  if (other === null) return [{ on, path: null, what: ['gone'] }];
  if (!on.endsWith('.squashfs')) return [{ on, path: null, what: [await firstDifference(one, other)] }];
  return await compareTrees(on, await openModule(one, signal), await openModule(other, signal));
}

/** An unpacked module, and what its listing says of each path. */
interface Tree {
  directory: string;
  entries: Map<string, Entry>;
}

interface Entry {
  mode: string;
  owner: string;
  size: string;
  time: string;
  target: string;
}

async function openModule(file: string, signal: AbortSignal): Promise<Tree> {
  const directory = `${file}.d`;
  const listing = await run(['unsquashfs', '-lln', '-d', '', file], { signal, maxOutput: 64 << 20 });
  // Without root, devices and owners can't be made: the listing has them.
  const quiet = ['-quiet', '-no-progress', '-no-xattrs', '-no-exit-code'];
  await run(['unsquashfs', ...quiet, '-d', directory, file], { signal, maxOutput: 64 << 20 });
  const entries = listing.stdout.split('\n').flatMap((line) => parseEntry(line) ?? []);
  return { directory, entries: new Map(entries) };
}

/** `drwxr-xr-x 0/0 35 2026-01-01 00:00 /path -> target`; a device has two numbers for its size. Source: unsquashfs(1). */
const LINE =
  /^(?<mode>[a-z-][\w-]{9}) (?<owner>\d+\/\d+) +(?<size>\d+(?:, *\d+)?) (?<time>\S+ \S+) (?<path>\/?.*?)(?: -> (?<target>.*))?$/;

function parseEntry(line: string): [string, Entry][] | null {
  const { path, mode = '', owner = '', size = '', time = '', target = '' } = LINE.exec(line)?.groups ?? {};
  return path === undefined ? null : [[path, { mode, owner, size, time, target }]];
}

async function compareTrees(on: string, one: Tree, other: Tree): Promise<FileChange[]> {
  const found: FileChange[] = [];
  for (const path of [...new Set([...one.entries.keys(), ...other.entries.keys()])].toSorted()) {
    const what = await differences(path, one, other);
    if (what.length > 0) found.push({ on, path, what });
  }
  return found;
}

const fields = ['mode', 'owner', 'size', 'time', 'target'] as const;

async function differences(path: string, one: Tree, other: Tree): Promise<string[]> {
  const [before, after] = [one.entries.get(path), other.entries.get(path)];
  if (before === undefined) return ['new'];
  if (after === undefined) return ['gone'];
  const what: string[] = fields
    // A directory's size says how squashfs stored it, which depends on its neighbours.
    .filter((field) => !(field === 'size' && before.mode.startsWith('d')))
    .filter((field) => before[field] !== after[field])
    .map((field) => `${field} ${before[field]} → ${after[field]}`);
  if (!before.mode.startsWith('-') || !after.mode.startsWith('-')) return what;
  const at = await firstDifference(join(one.directory, path), join(other.directory, path));
  return at === '' ? what : [...what, at];
}

const PIECE = 1 << 20;

/** Where the content of two files parts; empty when it doesn't. */
async function firstDifference(one: string, other: string): Promise<string> {
  const files = await Promise.all([open(one), open(other)]);
  try {
    for (let position = 0; ; position += PIECE) {
      const [a, b] = await Promise.all(
        files.map(async (file) => {
          const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(PIECE), position });
          return buffer.subarray(0, bytesRead);
        }),
      );
      if (a === undefined || b === undefined || !a.equals(b))
        return `content from byte ${position + parting(a, b)}`;
      if (a.length === 0) return '';
    }
  } finally {
    for (const file of files) await file.close();
  }
}

function parting(a: Buffer = Buffer.of(), b: Buffer = Buffer.of()): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? Math.min(a.length, b.length) : at;
}
