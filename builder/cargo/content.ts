import { createHash } from 'node:crypto';
import type { BackupManifest } from '../../contract/backup.ts';
import { type CargoIndex, CargoIndexSchema } from '../../contract/cargo.ts';
import { parseDocument } from '../../contract/document/signed-document.ts';
import { CpiabError } from '../../contract/errors.ts';
import type { KeyIdentity } from '../../host/age/keys.ts';
import { repackBackup } from '../../host/backup/archive.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkWorkers, type Slot } from './chunk-workers.ts';
import type { OpenCargo } from './open.ts';

/** What is in a cargo, for who can decrypt it. */
export interface CargoContent {
  cargo: OpenCargo;
  identities: readonly KeyIdentity[];
  contents: BackupManifest;
  members: CargoIndex['members'];
}

/** Decrypts the index. @throws CpiabError E2181 when it is for somebody else, E2190, E2114. */
export async function openContent(
  cargo: OpenCargo,
  identities: readonly KeyIdentity[],
): Promise<CargoContent> {
  const { directory, manifest } = cargo;
  const reader = new ChunkReader(cargo);
  await reader.requireReadable(manifest.index[0], identities);
  const parts: Buffer[] = [];
  for (const id of manifest.index) parts.push(await reader.read(id, identities));
  const index = parseDocument(CargoIndexSchema, Buffer.concat(parts), directory, 'the index of a cargo');
  return { cargo, identities, contents: index.contents, members: index.members };
}

/** Decrypts all of it and holds it against what its sender signed; nothing is kept. @throws CpiabError E2190. */
export async function checkContent(content: CargoContent, onBytes: (bytes: number) => void): Promise<void> {
  const { directory, manifest } = content.cargo;
  const hash = createHash('sha256');
  let size = 0;
  for await (const part of cargoArchive(content)) {
    hash.update(part);
    size += part.length;
    onBytes(size);
  }
  if (hash.digest('hex') !== manifest.archive.sha256)
    throw new CpiabError('E2190', { subject: directory, args: ['it does not unpack to what was sealed'] });
}

/**
 * The archive that a box takes, of chunks that are each what the sender signed. What a part says is there until the next
 * is asked for. The box holds the whole against the manifest itself, so it is not hashed here once more.
 * @throws CpiabError E2190.
 */
export const cargoArchive = (content: CargoContent): AsyncGenerator<Buffer> =>
  repackBackup(membersOf(content), content.contents);

async function* membersOf({ cargo, identities, members }: CargoContent) {
  const { chunks } = cargo.manifest;
  const reader = new ChunkReader(cargo);
  const workers = new ChunkWorkers({ recipients: [], identities: identities.map(({ secret }) => secret) });
  try {
    for (const { name, chunks: numbers } of members) {
      const ids = numbers.map((number) => chunks[number]?.id);
      yield { name, content: contentOf(reader, ids, workers) };
    }
  } finally {
    await workers.close();
  }
}

/** The plain content of chunks, one after the other; those that come next are opened meanwhile. */
async function* contentOf(
  reader: ChunkReader,
  ids: readonly (string | undefined)[],
  workers: ChunkWorkers,
): AsyncGenerator<Buffer> {
  const ahead: Promise<Slot>[] = [];
  for (const id of [...ids, ...Array.from({ length: workers.slots }, () => null)]) {
    if (ahead.length === workers.slots || id === null) {
      const slot = await ahead.shift();
      if (slot === undefined) return;
      yield slot.bytes.subarray(0, slot.length);
      workers.release(slot);
    }
    if (id === null) continue;
    const opening = opened(reader, id, workers);
    // It is told when its turn comes.
    opening.catch(() => {});
    ahead.push(opening);
  }
}

async function opened(reader: ChunkReader, id: string | undefined, workers: ChunkWorkers): Promise<Slot> {
  const slot = await workers.slot();
  await reader.open(id, workers, slot);
  return slot;
}
