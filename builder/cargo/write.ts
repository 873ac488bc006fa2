import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupManifest, type BackupMember, backupMembers } from '../../contract/backup.ts';
import {
  type CargoIndex,
  type CargoManifest,
  CargoManifestSchema,
  type CargoReceiver,
  cargoFiles,
  reminted,
} from '../../contract/cargo.ts';
import { CpiabError } from '../../contract/errors.ts';
import { parseRecipient } from '../../host/age/keys.ts';
import { ArchiveError, readUnhashed } from '../../host/backup/archive.ts';
import { stableJson } from '../../host/cache.ts';
import { writeAtomic } from '../../host/files.ts';
import { fullDisk } from '../../host/full-disk.ts';
import { jsonOrNull } from '../../host/json.ts';
import { type SiteKey, signBytes } from '../bundle/minisign.ts';
import { ChunkWorkers } from './chunk-workers.ts';
import { ChunkWriter, type WrittenContent } from './chunk-writer.ts';
import { Earlier } from './earlier.ts';
import { ChunkNames } from './names.ts';
import type { SenderRecord } from './sender.ts';

export interface CargoRequest {
  /** Where the cargo lies; what an earlier one for the same receiver has is not written again. */
  directory: string;
  /** What a box gave for a cargo, decrypted. */
  archive: AsyncIterable<Uint8Array>;
  receiver: CargoReceiver;
  record: SenderRecord;
  key: SiteKey;
  /** Milliseconds since the epoch. */
  now: number;
  lifeMs: number;
  signal: AbortSignal;
}

export interface WrittenCargo {
  manifest: CargoManifest;
  /** What is in it. */
  contents: BackupManifest;
  /** What an earlier cargo in the directory did not have. */
  written: { chunks: number; bytes: number };
}

/**
 * Writes a cargo. Cut off at any point it is begun again, and finds the chunks that it has written.
 * @throws CpiabError E3009 without room, E2190 for an archive of something else.
 */
export async function writeCargo(request: CargoRequest): Promise<WrittenCargo> {
  return await written(request).catch(async (error: unknown) => {
    throw (await fullDisk(error, [request.directory])) ?? error;
  });
}

async function written(request: CargoRequest): Promise<WrittenCargo> {
  const { receiver, record, directory, key } = request;
  const recipients = [receiver.recipient, record.recipient];
  for (const text of recipients) requireRecipient(text);
  const earlier = await Earlier.in(directory, record, key);
  const workers = new ChunkWorkers({ recipients, identities: [record.identity.secret] });
  try {
    const names = new ChunkNames(record.key);
    return await writtenBy(request, new ChunkWriter({ directory, names, earlier, workers }));
  } finally {
    await workers.close();
  }
}

async function writtenBy(request: CargoRequest, writer: ChunkWriter): Promise<WrittenCargo> {
  const { contents, archive, members } = await writeMembers(request, writer);
  const index: CargoIndex = { apiVersion: 'cpiab.dev/v1', kind: 'CargoIndex', contents, members };
  await writer.push(Buffer.from(stableJson(index)));
  const ids = (await writer.end()).chunks.map((number) => writer.chunks[number]?.id ?? '');
  // What the manifest names must be there before it.
  await writer.finish(request.signal);
  const manifest = await describe(request, contents, { archive, index: ids, chunks: writer.chunks });
  await putManifest(request, manifest);
  await writer.prune();
  return { manifest, contents, written: writer.written };
}

/**
 * The chunks of other receivers are of no use to this one, and would be taken away.
 * @throws CpiabError E1431 for a directory with a cargo for somebody else.
 */
export async function requireOwn(directory: string, receiver: CargoReceiver): Promise<void> {
  const path = join(directory, cargoFiles.manifest);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return;
  const found = CargoManifestSchema.safeParse(jsonOrNull(text)).data?.receiver;
  if (stableJson(found ?? null) !== stableJson(receiver))
    throw new CpiabError('E1431', { subject: directory, args: [`for ${found?.boxId ?? 'nobody known'}`] });
}

async function writeMembers(request: CargoRequest, writer: ChunkWriter) {
  const members = new Map<BackupMember, WrittenContent>(
    backupMembers.map((name) => [name, { chunks: [], sizes: [] }]),
  );
  const hash = createHash('sha256');
  let size = 0;
  async function* passing() {
    for await (const part of request.archive) {
      request.signal.throwIfAborted();
      hash.update(part);
      size += part.length;
      yield part;
    }
  }
  let current: BackupMember | undefined;
  const contents = await readUnhashed(passing(), async (name, part) => {
    if (current !== name) {
      if (current !== undefined) members.set(current, await writer.end());
      writer.begin(name);
      current = name;
    }
    await writer.push(part);
  }).catch((cause: unknown) => {
    throw cause instanceof ArchiveError
      ? new CpiabError('E2190', { subject: 'what the box gave', args: [cause.message], cause })
      : cause;
  });
  if (current !== undefined) members.set(current, await writer.end());
  if (contents.contents !== 'cargo')
    throw new CpiabError('E2190', { subject: 'what the box gave', args: ['it has its identity in it'] });
  const archive = { sha256: hash.digest('hex'), size };
  return { contents, archive, members: [...members].map(([name, written]) => ({ name, ...written })) };
}

async function describe(
  { receiver, record, now, lifeMs }: CargoRequest,
  { site, boxId, fingerprint }: BackupManifest,
  content: Pick<CargoManifest, 'archive' | 'index' | 'chunks'>,
): Promise<CargoManifest> {
  return {
    apiVersion: 'cpiab.dev/v1',
    kind: 'CargoManifest',
    sequence: await record.nextSequence(),
    created: new Date(now).toISOString(),
    expires: new Date(now + lifeMs).toISOString(),
    sender: { site, boxId, fingerprint },
    receiver,
    reminted: [...reminted],
    ...content,
  };
}

function requireRecipient(text: string): void {
  if (parseRecipient(text) === null)
    throw new CpiabError('E1412', { subject: text, args: ['recipient of age'] });
}

/** The signature comes last: between the two there is no cargo, and the next seal makes it one. */
async function putManifest({ directory, key }: CargoRequest, manifest: CargoManifest): Promise<void> {
  const text = Buffer.from(`${stableJson(manifest)}\n`);
  const { sender, sequence, receiver } = manifest;
  const about = `cargo ${sequence} of ${sender.site} for box ${receiver.boxId}`;
  await writeAtomic(join(directory, cargoFiles.manifest), text);
  await writeAtomic(join(directory, cargoFiles.signature), signBytes(text, key, about));
}
