import { createHash } from 'node:crypto';
import {
  type BackupManifest,
  BackupManifestSchema,
  type BackupMember,
  backupMembers,
} from '../../contract/backup.ts';

/** A member's content. */
export interface MemberSource {
  name: BackupMember;
  content: AsyncIterable<Uint8Array>;
}
/** What the manifest says besides the members. */
export type BackupHead = Omit<BackupManifest, 'apiVersion' | 'kind' | 'members'>;

/** An archive that is not whole, or not what its manifest says. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

const BLOCK = 512;
/** A member is cut into files of this size, since a tar's header has its file's size and a stream does not know its own. */
const PIECE = 4 << 20;
const MANIFEST = 'manifest.json';
const LARGEST_MANIFEST = 1 << 20;

/**
 * A backup as a plain tar (POSIX ustar): `MEMBER/000000`, `MEMBER/000001`… in order, then the manifest. `cat` of its
 * pieces is a member, so that it can be had back with tar alone.
 */
export async function* packBackup(
  members: AsyncIterable<MemberSource>,
  head: BackupHead,
): AsyncGenerator<Buffer> {
  const described: BackupManifest['members'] = [];
  for await (const { name, content } of members) {
    const hash = createHash('sha256');
    let size = 0;
    let index = 0;
    for await (const piece of piecesOf(content)) {
      for (const part of piece.parts) hash.update(part);
      size += piece.size;
      yield* file(pieceName(name, index++), piece);
    }
    described.push({ name, size, sha256: hash.digest('hex'), pieces: index });
  }
  yield* end(head, described);
}

/** The same of members whose hashes are known; whoever reads it holds them against those. */
export async function* repackBackup(
  members: AsyncIterable<MemberSource>,
  { members: described, apiVersion: _, kind: __, ...head }: BackupManifest,
): AsyncGenerator<Buffer> {
  for await (const { name, content } of members) {
    let index = 0;
    for await (const piece of piecesOf(content)) yield* file(pieceName(name, index++), piece);
  }
  yield* end(head, described);
}

const pieceName = (member: BackupMember, index: number) => `${member}/${String(index).padStart(6, '0')}`;

function* end(head: BackupHead, members: BackupManifest['members']): Generator<Buffer> {
  const manifest = { apiVersion: 'cpiab.dev/v1', kind: 'BackupManifest', ...head, members };
  const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  yield* file(MANIFEST, { parts: [text], size: text.length });
  yield Buffer.alloc(2 * BLOCK);
}

/**
 * Reads a backup and holds it against its manifest.
 * @param onPiece given each piece in order; nothing of it may be used before this function has returned.
 * @throws ArchiveError.
 */
export async function readBackup(
  source: AsyncIterable<Uint8Array>,
  onPiece: (name: BackupMember, piece: Buffer) => Promise<void>,
): Promise<BackupManifest> {
  const reader = new Reader(source);
  const found = new Map<
    BackupMember,
    { size: number; pieces: number; hash: ReturnType<typeof createHash> }
  >();
  for (;;) {
    const { name, size } = parseHeader(await reader.take(BLOCK));
    if (name === MANIFEST) return await finish(reader, size, found);
    const [, member = '', index = ''] = /^([a-z.]+)\/(\d{6,})$/.exec(name) ?? [];
    const known = backupMembers.find((each) => each === member);
    if (known === undefined || size > PIECE) throw new ArchiveError(`has a file ${JSON.stringify(name)}`);
    const state = found.get(known) ?? { size: 0, pieces: 0, hash: createHash('sha256') };
    if (Number(index) !== state.pieces) throw new ArchiveError(`lacks pieces of ${known} before ${index}`);
    const piece = await reader.padded(size);
    state.hash.update(piece);
    found.set(known, { ...state, size: state.size + size, pieces: state.pieces + 1 });
    await onPiece(known, piece);
  }
}

async function finish(
  reader: Reader,
  size: number,
  found: Map<BackupMember, { size: number; pieces: number; hash: ReturnType<typeof createHash> }>,
): Promise<BackupManifest> {
  if (size > LARGEST_MANIFEST) throw new ArchiveError('has no manifest of a backup');
  const manifest = parseManifest(await reader.padded(size));
  const names = manifest.members.map(({ name }) => name);
  if (names.join() !== backupMembers.join()) throw new ArchiveError(`has members ${names.join(', ')}`);
  for (const { name, ...expected } of manifest.members) {
    const { size = 0, pieces = 0, hash = createHash('sha256') } = found.get(name) ?? {};
    const same =
      size === expected.size && pieces === expected.pieces && hash.digest('hex') === expected.sha256;
    if (!same) throw new ArchiveError(`${name} is not what the manifest says`);
  }
  if (!(await reader.take(2 * BLOCK)).every((byte) => byte === 0) || !(await reader.ended()))
    throw new ArchiveError('goes on after its end');
  return manifest;
}

function parseManifest(bytes: Buffer): BackupManifest {
  try {
    return BackupManifestSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new ArchiveError('has no manifest of a backup', { cause });
  }
}

/** What is copied only by whoever needs it in one. */
interface Piece {
  parts: Uint8Array[];
  size: number;
}

async function* piecesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (let part of content) {
    while (size + part.length >= PIECE) {
      const rest = PIECE - size;
      yield { parts: [...parts, part.subarray(0, rest)], size: PIECE };
      part = part.subarray(rest);
      parts = [];
      size = 0;
    }
    parts.push(part);
    size += part.length;
  }
  if (size > 0) yield { parts, size };
}

function* file(name: string, { parts, size }: Piece): Generator<Buffer> {
  yield header(name, size);
  for (const part of parts) yield asBuffer(part);
  yield Buffer.alloc(padding(size));
}

const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK;

/** Source: POSIX.1-2017, pax, "ustar Interchange Format". */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o600, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write('0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  block.write(`${sumOf(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** With the field of the sum itself taken as spaces. */
const sumOf = (block: Buffer) =>
  block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);

function parseHeader(block: Buffer): { name: string; size: number } {
  const text = (from: number, length: number) =>
    block.toString('latin1', from, from + length).split('\0')[0] ?? '';
  const name = text(0, 100);
  const size = Number.parseInt(text(124, 12), 8);
  // Exactly as `header` writes it: there is nothing else to understand.
  if (!Number.isSafeInteger(size) || size < 0 || !header(name, size).equals(block))
    throw new ArchiveError('is not an archive of a backup');
  return { name, size };
}

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A copy only where there are several: most of what is taken is small, and lies in one large piece. */
function oneOf([first = Buffer.of(), ...more]: readonly Uint8Array[]): Buffer {
  return more.length > 0 ? Buffer.concat([first, ...more]) : asBuffer(first);
}

/** Takes bytes from a stream by count. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] = [];
  #length = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async take(count: number): Promise<Buffer> {
    while (this.#length < count) {
      const { done, value } = await this.#source.next();
      if (done) throw new ArchiveError('is cut off');
      if (value.length > 0) this.#held.push(value);
      this.#length += value.length;
    }
    const all = oneOf(this.#held);
    this.#length = all.length - count;
    this.#held = this.#length === 0 ? [] : [all.subarray(count)];
    return all.subarray(0, count);
  }

  async padded(size: number): Promise<Buffer> {
    const content = await this.take(size);
    if (!(await this.take(padding(size))).every((byte) => byte === 0))
      throw new ArchiveError('is not an archive of a backup');
    return content;
  }

  async ended(): Promise<boolean> {
    if (this.#length > 0) return false;
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return true;
      if (value.length > 0) return false;
    }
  }
}
