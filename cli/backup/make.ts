import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type BackupRecord, BackupRecordSchema, type BackupRequest } from '../../contract/backup.ts';
import { CpiabError } from '../../contract/errors.ts';
import { type ProgressSink, tracked } from '../../contract/progress.ts';
import { decryptAge, encryptAge } from '../../host/age/age.ts';
import { makeIdentity, passphrase } from '../../host/age/keys.ts';
import { renameDurably, sha256File, writeAtomic } from '../../host/files.ts';
import { readTextFile } from '../../host/input-file.ts';
import { type OperatorClient, post } from '../box/operator.ts';

export interface MakeOptions {
  /** Where the backup is put. */
  file: string;
  /** `age1…`; none with a passphrase. */
  recipients: string[];
  passphrase: string | null;
  progress: ProgressSink;
}

/** How often a download is gone on with that makes no progress. */
const TRIES = 5;
const LONGEST_MS = 6 * 3_600_000;

/**
 * Lets a box make a backup and brings it here. What was fetched before it was cut off is not fetched again.
 * @throws CpiabError E1414, E2180 when what came is something else.
 */
export async function makeBackup(client: OperatorClient, options: MakeOptions): Promise<BackupRecord> {
  const { file, progress } = options;
  if (existsSync(file)) throw new CpiabError('E1414', { subject: file });
  if (options.passphrase === null) {
    const record = await fetchBackup(client, { recipients: options.recipients }, file, progress);
    await renameDurably(`${file}.part`, file);
    await settle(client, record, file);
    return record;
  }
  // The passphrase stays here: the box encrypts for a key of this run alone.
  const { identity, recipient } = makeIdentity();
  await rm(`${file}.part.json`, { force: true });
  const record = await fetchBackup(client, { recipients: [recipient] }, file, progress);
  const plain = decryptAge(createReadStream(`${file}.part`), [identity]);
  await pipeline(
    encryptAge(plain, [passphrase(options.passphrase)]),
    createWriteStream(`${file}.new`, { mode: 0o600 }),
  );
  await renameDurably(`${file}.new`, file);
  await rm(`${file}.part`);
  await settle(client, record, file);
  return { ...record, ...(await sha256File(file)), recipients: [] };
}

/** What there is beside a download goes, here and on the box. */
export async function settle(client: OperatorClient, { name }: BackupRecord, file: string): Promise<void> {
  await rm(`${file}.part.json`, { force: true });
  await client.ask(`/v1/backups/${name}`, { method: 'DELETE' }, BackupRecordSchema);
}

/**
 * `FILE.part`, whole; `FILE.part.json` tells a next run which backup of the box it is.
 * @throws CpiabError E2180 when what came is something else.
 */
export async function fetchBackup(
  client: OperatorClient,
  asked: BackupRequest,
  file: string,
  progress: ProgressSink,
): Promise<BackupRecord> {
  const title = `the box makes a ${asked.contents ?? 'backup'}`;
  const record =
    (await begun(client, file, asked.recipients)) ??
    (await tracked(progress, { id: 'backup', title }, () => make(client, asked, file)));
  const part = { id: 'fetch', title: 'fetch it', phase: 'download' as const, total: record.size };
  await tracked(progress, part, () => download(client, record, `${file}.part`, progress));
  return record;
}

async function make(client: OperatorClient, asked: BackupRequest, file: string): Promise<BackupRecord> {
  const record = await client.ask('/v1/backup', post(asked, LONGEST_MS), BackupRecordSchema);
  await rm(`${file}.part`, { force: true });
  await writeAtomic(`${file}.part.json`, JSON.stringify(record), { mode: 0o600 });
  return record;
}

/** The backup that an earlier run has begun to fetch, when the box still has it. */
async function begun(
  client: OperatorClient,
  file: string,
  recipients: string[],
): Promise<BackupRecord | null> {
  const text = await readTextFile(`${file}.part.json`).catch(() => '{}');
  const known = BackupRecordSchema.safeParse(JSON.parse(text));
  if (!known.success || known.data.recipients.join() !== recipients.join()) return null;
  const { status, response } = await client.open(`/v1/backups/${known.data.name}`, {
    headers: { range: `bytes=${known.data.size}-` },
  });
  response.destroy();
  return status === 200 || status === 206 ? known.data : null;
}

async function download(
  client: OperatorClient,
  { name, size, sha256 }: BackupRecord,
  path: string,
  progress: ProgressSink,
): Promise<void> {
  for (let tries = 1, last = -1; ; tries++) {
    const have = (await stat(path).catch(() => null))?.size ?? 0;
    if (have > last) tries = 1;
    last = have;
    if (have >= size) break;
    await fetchFrom(client, name, path, have, progress).catch((error: unknown) => {
      const lost = !(error instanceof CpiabError) || error.code === 'E5004';
      if (!lost || tries >= TRIES) throw error;
    });
  }
  if ((await sha256File(path)).sha256 === sha256) return;
  await rm(path);
  throw new CpiabError('E2180', { subject: path, args: ['it is not what the box has'] });
}

async function fetchFrom(
  client: OperatorClient,
  name: string,
  path: string,
  from: number,
  progress: ProgressSink,
): Promise<void> {
  const { response } = await client.open(`/v1/backups/${name}`, { headers: { range: `bytes=${from}-` } });
  let bytes = from;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    progress({ type: 'progress', id: 'fetch', bytes });
  });
  await pipeline(response, createWriteStream(path, { flags: 'a', mode: 0o600 }));
}
