import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { BackupManifest, Landing } from '../../contract/backup.ts';
import { type CargoChunk, type CargoIndex, CargoIndexSchema } from '../../contract/cargo.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import { AgeError, decryptAge } from '../../host/age/age.ts';
import type { Identity } from '../../host/age/keys.ts';
import { ArchiveError, packBackup, readBackup } from '../../host/backup/archive.ts';
import { ChunkKeys } from './chunk-keys.ts';
import { type OpenCargo, readChunk } from './open.ts';

const KEY = 32;
/** Chunks that are read and decompressed ahead. */
const AHEAD = 4;

/** What is in a cargo, for who can decrypt it. */
export interface CargoContent {
  cargo: OpenCargo;
  keys: ChunkKeys;
  contents: BackupManifest;
  members: CargoIndex['members'];
}

/** Decrypts the key and the index. @throws CpiabError E2181 when it is for somebody else, E2190, E2114. */
export async function openContent(cargo: OpenCargo, identities: readonly Identity[]): Promise<CargoContent> {
  const { directory, manifest } = cargo;
  const keys = new ChunkKeys(await keyOf(cargo, identities));
  const byId = new Map(manifest.chunks.map((chunk) => [chunk.id, chunk]));
  const chunks = manifest.index.map((id) => byId.get(id));
  const text = await buffer(contentOf({ cargo, keys }, chunks));
  const index = parseDocument(CargoIndexSchema, text, directory, 'the index of a cargo');
  return { cargo, keys, contents: index.contents, members: index.members };
}

/**
 * Decrypts all of it and holds it against what its sender's box gave; nothing is kept.
 * @returns the archive's name and bytes. @throws CpiabError E2190.
 */
export async function checkContent(
  content: CargoContent,
  landing: Landing | undefined,
  onBytes: (bytes: number) => void,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  async function* passing() {
    for await (const part of cargoArchive(content, landing)) {
      hash.update(part);
      size += part.length;
      onBytes(size);
      yield part;
    }
  }
  await readBackup(passing(), async () => {}).catch((cause: unknown) => {
    if (!(cause instanceof ArchiveError)) throw cause;
    throw new CpiabError('E2190', { subject: content.cargo.directory, args: [cause.message], cause });
  });
  return { sha256: hash.digest('hex'), size };
}

/**
 * The archive that a box takes, as its sender's box gave it; the same bytes each time.
 * @throws CpiabError E2190 at the end of a member that is not what the box gave.
 */
export async function* cargoArchive(content: CargoContent, landing?: Landing): AsyncGenerator<Buffer> {
  const { apiVersion: _, kind: __, members: ___, ...head } = content.contents;
  yield* packBackup(membersOf(content), landing === undefined ? head : { ...head, landing });
}

async function* membersOf(content: CargoContent) {
  for (const { name, chunks } of content.members) yield { name, content: memberOf(content, name, chunks) };
}

async function* memberOf(
  content: CargoContent,
  name: CargoIndex['members'][number]['name'],
  numbers: readonly number[],
): AsyncGenerator<Buffer> {
  const { cargo, contents } = content;
  const hash = createHash('sha256');
  for await (const part of contentOf(
    content,
    numbers.map((number) => cargo.manifest.chunks[number]),
  )) {
    hash.update(part);
    yield part;
  }
  if (contents.members.find((member) => member.name === name)?.sha256 !== hash.digest('hex'))
    throw new CpiabError('E2190', { subject: cargo.directory, args: [`${name} is not what the box gave`] });
}

/** The plain content of chunks, one after the other. */
async function* contentOf(
  { cargo, keys }: Pick<CargoContent, 'cargo' | 'keys'>,
  chunks: readonly (CargoChunk | undefined)[],
): AsyncGenerator<Buffer> {
  const plain = async (chunk: CargoChunk | undefined): Promise<Buffer> => {
    const refuse = (why: string) => new CpiabError('E2190', { subject: cargo.directory, args: [why] });
    if (chunk === undefined) throw refuse('its index names a chunk that it has not');
    const content = await keys.open(chunk.id, await readChunk(cargo.directory, chunk));
    if (content === null) throw refuse(`chunk ${chunk.id} was not sealed with its key`);
    return content;
  };
  const ahead: Promise<Buffer>[] = [];
  const next = (chunk: CargoChunk | undefined) => {
    const reading = plain(chunk);
    // It is told when its turn comes.
    reading.catch(() => {});
    ahead.push(reading);
  };
  for (const chunk of chunks) {
    next(chunk);
    if (ahead.length >= AHEAD) yield await (ahead.shift() as Promise<Buffer>);
  }
  for (const reading of ahead) yield await reading;
}

async function keyOf({ directory, manifest }: OpenCargo, identities: readonly Identity[]): Promise<Buffer> {
  const refuse = (why: string, cause?: unknown) =>
    new CpiabError('E2181', { subject: directory, args: [why], cause });
  const sealed = Readable.from([Buffer.from(manifest.key, 'base64')]);
  const key = await buffer(decryptAge(sealed, identities)).catch((cause: unknown) => {
    throw cause instanceof AgeError ? refuse(cause.message, cause) : cause;
  });
  if (key.length !== KEY) throw refuse('its key has another length');
  return key;
}
