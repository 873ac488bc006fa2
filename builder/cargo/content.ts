import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { BackupManifest, Landing } from '../../contract/backup.ts';
import { type CargoIndex, CargoIndexSchema } from '../../contract/cargo.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { Identity } from '../../host/age/keys.ts';
import { ArchiveError, readBackup, repackBackup } from '../../host/backup/archive.ts';
import { ChunkReader } from './chunk-reader.ts';
import type { OpenCargo } from './open.ts';

/** Chunks that are read and decompressed ahead. */
const AHEAD = 4;

/** What is in a cargo, for who can decrypt it. */
export interface CargoContent {
  cargo: OpenCargo;
  identities: readonly Identity[];
  contents: BackupManifest;
  members: CargoIndex['members'];
}

/** Decrypts the index. @throws CpiabError E2181 when it is for somebody else, E2190, E2114. */
export async function openContent(cargo: OpenCargo, identities: readonly Identity[]): Promise<CargoContent> {
  const { directory, manifest } = cargo;
  const reader = new ChunkReader(cargo, identities);
  await reader.requireReadable(manifest.index[0]);
  const text = await buffer(contentOf(reader, manifest.index));
  const index = parseDocument(CargoIndexSchema, text, directory, 'the index of a cargo');
  return { cargo, identities, contents: index.contents, members: index.members };
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

/** The archive that a box takes, as its sender's box gave it; the same bytes each time. Whoever reads it checks it. */
export function cargoArchive(content: CargoContent, landing?: Landing): AsyncGenerator<Buffer> {
  const { contents } = content;
  return repackBackup(membersOf(content), landing === undefined ? contents : { ...contents, landing });
}

async function* membersOf(content: CargoContent) {
  const { chunks } = content.cargo.manifest;
  const reader = new ChunkReader(content.cargo, content.identities);
  for (const { name, chunks: numbers } of content.members)
    yield {
      name,
      content: contentOf(
        reader,
        numbers.map((number) => chunks[number]?.id),
      ),
    };
}

/** The plain content of chunks, one after the other. */
async function* contentOf(reader: ChunkReader, ids: readonly (string | undefined)[]): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  for (const id of ids) {
    const reading = reader.read(id);
    // It is told when its turn comes.
    reading.catch(() => {});
    ahead.push(reading);
    if (ahead.length >= AHEAD) yield await (ahead.shift() as Promise<Buffer>);
  }
  for (const reading of ahead) yield await reading;
}
