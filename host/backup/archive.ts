import { createHash } from 'node:crypto';
import {
  type BackupManifest,
  BackupManifestSchema,
  type BackupMember,
  backupMembers,
} from '../../contract/backup.ts';
import { stableJson } from '../cache.ts';
import { jsonOrNull } from '../json.ts';

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
 * pieces is a member, so that it can be had back with tar alone. A part is there until the next is asked for.
 */
export async function* packBackup(
  members: AsyncIterable<MemberSource>,
  head: BackupHead,
): AsyncGenerator<Buffer> {
  const described: BackupManifest['members'] = [];
  for await (const { name, content } of members) {
    const hash = head.contents === 'cargo' ? null : createHash('sha256');
    let size = 0;
    let index = 0;
    for await (const piece of piecesOf(content)) {
      hash?.update(piece);
      size += piece.length;
      yield* file(pieceName(name, index++), piece);
    }
    const hashed = hash === null ? {} : { sha256: hash.digest('hex') };
    described.push({ name, size, ...hashed, pieces: index });
  }
  yield* end(head, described);
}

/**
 * The same archive again, of members whose sizes are known: nothing of them is held. A part that it gives may lie in
 * memory of theirs.
 */
export async function* repackBackup(
  members: AsyncIterable<MemberSource>,
  { members: described, apiVersion: _, kind: __, ...head }: BackupManifest,
): AsyncGenerator<Buffer> {
  for await (const { name, content } of members) {
    const size = described.find((member) => member.name === name)?.size ?? 0;
    yield* inPieces(name, size, content);
  }
  yield* end(head, described);
}

async function* inPieces(name: BackupMember, size: number, content: AsyncIterable<Uint8Array>) {
  let at = 0;
  for await (const part of content) {
    for (let from = 0; from < part.length; ) {
      const left = PIECE - (at % PIECE);
      if (left === PIECE) yield header(pieceName(name, at / PIECE), Math.min(PIECE, size - at));
      const piece = asBuffer(part).subarray(from, from + left);
      yield piece;
      from += piece.length;
      at += piece.length;
    }
  }
  yield Buffer.alloc(padding(at));
}

const pieceName = (member: BackupMember, index: number) => `${member}/${String(index).padStart(6, '0')}`;

function* end(head: BackupHead, members: BackupManifest['members']): Generator<Buffer> {
  const manifest = { apiVersion: 'cpiab.dev/v1', kind: 'BackupManifest', ...head, members };
  const text = Buffer.from(formatManifest(manifest));
  yield* file(MANIFEST, text);
  yield Buffer.alloc(2 * BLOCK);
}

/** There is one way to write each: an archive that is packed again has the same bytes. */
const formatManifest = (manifest: object) => `${stableJson(manifest, 1)}\n`;

/**
 * Reads a backup and holds it against its manifest, which has no hashes in a cargo.
 * @param onPart given the content in order; nothing of it may be used before this function has returned.
 * @throws ArchiveError.
 */
export async function readBackup(source: AsyncIterable<Uint8Array>, onPart: OnPart): Promise<BackupManifest> {
  const hashes = new Map(backupMembers.map((name) => [name, createHash('sha256')]));
  const manifest = await readUnhashed(source, async (name, part) => {
    hashes.get(name)?.update(part);
    await onPart(name, part);
  });
  for (const { name, sha256 } of manifest.members)
    if (manifest.contents !== 'cargo' && hashes.get(name)?.digest('hex') !== sha256) throw unlike(name);
  return manifest;
}

/** What was read of a member. */
interface Found {
  size: number;
  pieces: number;
}

export type OnPart = (name: BackupMember, part: Buffer) => Promise<void>;

/** The same for who checks all of its bytes otherwise. @throws ArchiveError. */
export async function readUnhashed(
  source: AsyncIterable<Uint8Array>,
  onPart: OnPart,
): Promise<BackupManifest> {
  const reader = new Reader(source);
  const found = new Map<BackupMember, Found>();
  for (;;) {
    const { name, size } = parseHeader(await reader.take(BLOCK));
    if (name === MANIFEST) return await finish(reader, size, found);
    const member = nextPiece(name, size, found);
    for (let left = size; left > 0; ) {
      const part = await reader.some(left);
      left -= part.length;
      await onPart(member, part);
    }
    await reader.padding(size);
  }
}

function nextPiece(name: string, size: number, found: Map<BackupMember, Found>): BackupMember {
  const [, member = '', index = ''] = /^([a-z.]+)\/(\d{6,})$/.exec(name) ?? [];
  const known = backupMembers.find((each) => each === member);
  if (known === undefined || size > PIECE) throw new ArchiveError(`has a file ${JSON.stringify(name)}`);
  const before = found.get(known) ?? { size: 0, pieces: 0 };
  if (Number(index) !== before.pieces) throw new ArchiveError(`lacks pieces of ${known} before ${index}`);
  found.set(known, { size: before.size + size, pieces: before.pieces + 1 });
  return known;
}

async function finish(
  reader: Reader,
  size: number,
  found: ReadonlyMap<BackupMember, Found>,
): Promise<BackupManifest> {
  if (size > LARGEST_MANIFEST) throw new ArchiveError('has no manifest of a backup');
  const manifest = parseManifest(await reader.take(size));
  await reader.padding(size);
  const names = manifest.members.map(({ name }) => name);
  if (names.join() !== backupMembers.join()) throw new ArchiveError(`has members ${names.join(', ')}`);
  for (const { name, ...expected } of manifest.members) {
    const { size: bytes, pieces } = found.get(name) ?? { size: 0, pieces: 0 };
    if (bytes !== expected.size || pieces !== expected.pieces) throw unlike(name);
  }
  if (!isZero(await reader.take(2 * BLOCK)) || !(await reader.ended()))
    throw new ArchiveError('goes on after its end');
  return manifest;
}

const unlike = (name: BackupMember) => new ArchiveError(`${name} is not what the manifest says`);

function parseManifest(bytes: Buffer): BackupManifest {
  const text = bytes.toString('utf8');
  const manifest = BackupManifestSchema.safeParse(jsonOrNull(text)).data;
  if (manifest === undefined || formatManifest(manifest) !== text)
    throw new ArchiveError('has no manifest of a backup');
  return manifest;
}

/** All in the same memory: otherwise there would be garbage of the size of what is packed. */
async function* piecesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(PIECE);
  let size = 0;
  for await (const part of content)
    for (let from = 0; from < part.length; ) {
      const copied = asBuffer(part).copy(piece, size, from);
      size += copied;
      from += copied;
      if (size < PIECE) continue;
      yield piece;
      size = 0;
    }
  if (size > 0) yield piece.subarray(0, size);
}

function* file(name: string, content: Buffer): Generator<Buffer> {
  yield header(name, content.length);
  yield content;
  yield Buffer.alloc(padding(content.length));
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

const isZero = (bytes: Buffer) => bytes.every((byte) => byte === 0);

/** Takes bytes from a stream. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.of();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** At least one byte, at most so many, and none of them copied. */
  async some(most: number): Promise<Buffer> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) throw new ArchiveError('is cut off');
      this.#held = asBuffer(value);
    }
    const part = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(part.length);
    return part;
  }

  async take(count: number): Promise<Buffer> {
    const all = Buffer.alloc(count);
    for (let at = 0; at < count; ) at += (await this.some(count - at)).copy(all, at);
    return all;
  }

  /** What fills a file's last block. */
  async padding(size: number): Promise<void> {
    if (!isZero(await this.take(padding(size)))) throw new ArchiveError('is not an archive of a backup');
  }

  async ended(): Promise<boolean> {
    if (this.#held.length > 0) return false;
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return true;
      if (value.length > 0) return false;
    }
  }
}
